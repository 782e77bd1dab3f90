"""Fine-tuning: recipe, data, what learns and what does not, and whole runs on a tiny checkpoint."""

import importlib.util
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from hub.loopback import TOKEN, LoopbackHub

from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.processing.processing_valetts import ValeTTSProcessor
from valetts_hf.processing.tokenization_valetts import ValeTTSTokenizer
from valetts_hf.training.checkpoint_building import Judges, load_judges
from valetts_hf.training.data.corpus import PackedCorpus
from valetts_hf.training.finetuning.finetune_data import (
    joined,
    left_out,
    retokenized,
    texts_of,
    with_held_out,
    with_rehearsal,
)
from valetts_hf.training.finetuning.finetune_recipe import JUDGEMENTS, FinetuneRecipe, load_finetune_recipe
from valetts_hf.training.finetuning.growth import Growth
from valetts_hf.training.finetuning.parts import build_finetuning, finetune_step, speakers_of
from valetts_hf.training.finetuning.results import comparison
from valetts_hf.training.frozen_parts import PARTS, freeze_parts
from valetts_hf.training.run.pretrain_run import make_batches


SCRIPTS = Path(__file__).parents[3] / "training_scripts"
SMALL = {
    "batch_size": 2,
    "window_frames": 48,
    "segment_frames": 16,
    "reference_frames": 48,
    "mixed_precision": "no",
    "evaluate_clips": 1,
    "warmup_steps": 0,
    "log_every": 1,
}


@pytest.fixture(scope="module")
def run_finetune():
    spec = importlib.util.spec_from_file_location("run_finetune", SCRIPTS / "run_finetune.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recordings(buzz_corpus):
    """The buzzing clips with a text each, two of them to be tested with."""
    texts = [f"Buzz number {index}." for index in range(12)]
    return replace(buzz_corpus, texts=texts, splits=["train"] * 10 + ["test"] * 2)


def small_recipe(**changes) -> FinetuneRecipe:
    return FinetuneRecipe(**{**SMALL, **changes})


def start(checkpoint, corpus, recipe, judges=None, growth=None):
    model = ValeTTSForSpeech.from_pretrained(checkpoint)
    accelerator = Accelerator(cpu=True)
    batches = make_batches(corpus, recipe, model, accelerator.device)
    return build_finetuning(recipe, accelerator, model, judges, growth), batches, accelerator


# --- recipe -------------------------------------------------------------------------------------------------------


def test_recipes_in_the_repository_load():
    for path in sorted(SCRIPTS.glob("recipes/finetune*.yaml")):
        assert load_finetune_recipe(path).losses["kl"] == 0.2, path
    assert load_finetune_recipe(SCRIPTS / "recipes" / "finetune_adapter.yaml").method == "peft"


def test_recipe_errors_name_the_key():
    for change, message in (
        ({"method": "half"}, "method must be one of full, peft, got 'half'"),
        ({"model": {"hidden_size": 8}}, "the network comes from the checkpoint, remove `model`"),
        ({"preset": "huge"}, "preset must be one of tiny, default, max, got 'huge'"),
        ({"rehearsal_share": 1.0}, "rehearsal_share must be in"),
        ({"held_out": -0.1}, "held_out must be in"),
        ({"judge_warmup": -1}, "judge_warmup must be at least 0"),
        ({"clips_per_voice": 0}, "clips_per_voice must be at least 1"),
        ({"batch_size": "many"}, "batch_size"),
        ({"method": "peft", "smooth_gains": True}, "smooth_gains changes weights beside the adapter"),
    ):
        with pytest.raises(ValueError, match=message):
            small_recipe(**change)
    with pytest.raises(ValueError, match=r"unknown settings \['steps'\]; did you mean 'max_steps'"):
        load_finetune_recipe(None, steps=3)
    assert small_recipe(freeze="decoder").freeze == ["decoder"]


def test_without_judgement_keeps_the_other_losses():
    quiet = small_recipe(losses={"mel": 3.0}).without_judgement()
    assert quiet.loss_weights.mel == 3.0
    assert all(getattr(quiet.loss_weights, name) == 0 for name in JUDGEMENTS)


# --- data ---------------------------------------------------------------------------------------------------------


def test_held_out_clips(recordings):
    assert with_held_out(recordings, 0.5, 5).splits == recordings.splits, "the data's own test split"
    validated = replace(recordings, splits=["train"] * 10 + ["validation"] * 2)
    assert with_held_out(validated, 0.5, 5).splits[-2:] == ["test", "test"]
    undivided = replace(recordings, splits=["train"] * 12)
    divided = with_held_out(undivided, 0.25, 20)
    assert divided.splits.count("test") == 3 and divided.splits == with_held_out(undivided, 0.25, 20).splits
    assert with_held_out(undivided, 0.9, 2).splits.count("test") == 2
    first = with_held_out(undivided, 0.01, 1).splits.index("test")
    speaker_ids = np.where(np.arange(12) == first, 0, 1).astype(np.int32)
    alone = replace(undivided, speaker_ids=speaker_ids, speakers=["one clip", "eleven"])
    assert with_held_out(alone, 0.8, 20).splits[first] == "train"
    assert with_held_out(undivided, 0.0, 2).splits.count("test") == 0
    with pytest.raises(ValueError, match="12 clips with 1 different texts are too few"):
        with_held_out(replace(undivided, texts=["the same"] * 12), 0.1, 5)


def test_tokens_become_those_of_the_checkpoint(recordings, tmp_path):
    tokenizer = ValeTTSTokenizer()
    assert np.array_equal(retokenized(recordings, tokenizer).input_ids, recordings.input_ids)
    vocabulary = dict(tokenizer.encoder)
    vocabulary["ꞎ"] = vocabulary.pop("<extra_0>")
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary))
    own = ValeTTSTokenizer(str(tmp_path / "vocab.json"))
    length = int(recordings.token_lengths[0])
    ids = np.array(recordings.input_ids)
    ids[:length] = [2, *[1] * (length - 2), 3]
    unknown = replace(recordings, input_ids=ids, phonemes=["aꞎ" * 20] * 12)
    unknown.phonemes[0] = "ꞎ" * (length - 2)
    assert set(retokenized(unknown, own).input_ids[1 : length - 1]) == {vocabulary["ꞎ"]}
    unknown.phonemes[0] = "ꞎ"
    with pytest.raises(ValueError, match="'clip0' has .* tokens and 1 phonemes: prepare the corpus again"):
        retokenized(unknown, own)
    with pytest.raises(ValueError, match="'xx' is not supported"):
        retokenized(replace(recordings, languages=["xx"] * 12), own)


def test_speakers_are_counted_without_a_look_at_the_whole_corpus_for_each_clip(recordings, monkeypatch):
    looks = []
    lengths = PackedCorpus.frame_lengths.fget
    monkeypatch.setattr(PackedCorpus, "frame_lengths", property(lambda self: looks.append(1) or lengths(self)))
    found = speakers_of(recordings)
    assert len(looks) == 1
    seconds = Counter()
    for clip in np.flatnonzero(recordings.transcribed[:10]):
        seconds[recordings.speakers[recordings.speaker_ids[clip]]] += len(recordings.waveform(clip))
    assert found == [name for name, _ in seconds.most_common()] and len(found) == 2


def test_what_was_left_out_is_said(recordings):
    assert left_out(recordings) == ""
    recordings = replace(recordings, notes={"skipped": [f"talk/{n}.wav: too short" for n in range(7)]})
    assert left_out(recordings, 2).splitlines() == [
        "left out: talk/0.wav: too short",
        "left out: talk/1.wav: too short",
        "and 5 more, see `valetts data validate`",
    ]


def test_texts_of_a_language_that_is_not_known_yet(recordings, tmp_path):
    for name, text in (("da", "Hvad hedder du?"), ("de", "Wie heißt du?")):
        (tmp_path / f"{name}.csv").write_text(f"file_name,text\n1.wav,{text}\n")
    (tmp_path / "all.yaml").write_text("- {location: da.csv, language: da}\n- {location: de.csv, language: de}\n")
    assert texts_of([tmp_path / "all.yaml"], "da") == ["Hvad hedder du?"]
    assert texts_of([tmp_path / "de.csv"], "da") == ["Wie heißt du?"], "nobody says what it is"


def test_rehearsal_gets_its_share(recordings):
    others = replace(recordings, speakers=["ada", "leo", "mia"])
    both = joined(recordings, others)
    assert len(both) == 24 and both.speakers == ["ada", "rui", "eva", "leo", "mia"]
    clip, again = both.clip(18), others.clip(6)
    assert clip["speaker"] == again["speaker"] == "leo" and np.array_equal(clip["waveform"], again["waveform"])
    assert np.array_equal(clip["durations"], again["durations"])
    mixed, weights = with_rehearsal(recordings, others, 0.25, 0.5, {}, max_clips=4)
    assert len(mixed) == 16 and weights[:12].sum() == pytest.approx(0.75) and weights.sum() == pytest.approx(1)
    alone, weights = with_rehearsal(recordings, None, 0.25, 0.5, {})
    assert alone is recordings and weights.sum() == pytest.approx(1)


# --- what learns ---------------------------------------------------------------------------------------------------


def test_frozen_parts_stay(tiny_checkpoint, recordings):
    recipe = small_recipe(freeze=["decoder", "text_encoder"])
    state, batches, accelerator = start(tiny_checkpoint, recordings, recipe)
    model = state.objective.model
    before = {name: value.clone() for name, value in model.named_parameters()}
    finetune_step(state, batches.batch(0), recipe, accelerator, warm=False)
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved and not any("decoder." in name or "text_encoder" in name for name in moved)


def test_every_part_can_be_frozen_and_nothing_else(tiny_checkpoint):
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint)
    freeze_parts(model, PARTS)
    assert not [name for name, value in model.named_parameters() if value.requires_grad]
    with pytest.raises(
        ValueError, match=r"freeze knows no \['vocoder'\]; the parts are text_encoder, .*decoder and all"
    ):
        freeze_parts(model, ["vocoder"])


def test_a_new_language_is_not_learned_in_shards(tiny_checkpoint, recordings, monkeypatch):
    monkeypatch.setattr("valetts_hf.training.finetuning.parts.sharded", lambda accelerator: True)
    with pytest.raises(ValueError, match="a new language needs its tables in one piece .* DDP instead of FSDP"):
        start(tiny_checkpoint, recordings, small_recipe(), growth=Growth("xx", "de", language_rows=[20]))


def test_nothing_to_train_is_an_error(tiny_checkpoint, recordings):
    with pytest.raises(ValueError, match=r"freeze \['all'\] leaves nothing to train"):
        start(tiny_checkpoint, recordings, small_recipe(freeze=["all"]))


@pytest.mark.parametrize("freeze", [["style_encoder"], ["all"]])
def test_only_new_rows_of_grown_tables_learn(tiny_checkpoint, recordings, freeze):
    spoken = replace(recordings, language_ids=np.full(12, 20, np.int32))
    recipe = small_recipe(freeze=freeze, weight_decay=0.5, learning_rate=1e-2)
    growth = Growth("xx", "de", language_rows=[20], token_rows=list(range(200, 206)))
    state, batches, accelerator = start(tiny_checkpoint, spoken, recipe, growth=growth)
    model = state.objective.model
    before = {name: value.clone() for name, value in model.named_parameters()}
    for step in range(2):
        finetune_step(state, batches.batch(step), recipe, accelerator, warm=False)
    languages = model.model.text_encoder.embed_languages.weight
    old = before["model.text_encoder.embed_languages.weight"]
    assert torch.equal(languages[:20], old[:20]) and not torch.equal(languages[20], old[20])
    tokens, old = model.model.text_encoder.embed_tokens.weight, before["model.text_encoder.embed_tokens.weight"]
    assert torch.equal(tokens[:200], old[:200]) and torch.equal(tokens[206:], old[206:])
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert (moved <= {f"model.text_encoder.embed_{name}.weight" for name in ("languages", "tokens")}) == (
        freeze == ["all"]
    )


def test_fresh_judges_learn_before_they_judge(tiny_checkpoint, recordings):
    recipe = small_recipe(judge_warmup=1, losses={"adversarial": 1e4})
    norms = []
    for chosen, warm in ((recipe, False), (recipe.without_judgement(), True), (recipe, True)):
        torch.manual_seed(0)
        state, batches, accelerator = start(tiny_checkpoint, recordings, recipe)
        before = [value.clone() for value in state.discriminator.parameters()]
        norms.append(float(finetune_step(state, batches.batch(0), chosen, accelerator, warm)["gradient_norm"]))
        assert any(not torch.equal(a, b) for a, b in zip(before, state.discriminator.parameters(), strict=True))
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    assert norms[2] != pytest.approx(norms[1], rel=0.1), "what trained judges say counts, ten thousand times here"


def test_judges_beside_a_checkpoint_are_found(tiny_checkpoint, tmp_path):
    assert load_judges(tiny_checkpoint, 16) is None
    judges = Judges.fresh("cpu", 16)
    judges.save(tmp_path / "discriminators")
    for source in (tmp_path, tmp_path / "discriminators"):
        found = load_judges(source, 16)
        for name, module in found.modules().items():
            for key, value in module.state_dict().items():
                assert torch.equal(value, judges.modules()[name].state_dict()[key].half().float()), key
    with pytest.raises(ValueError, match="judge 16 channels, the generator has 8"):
        load_judges(tmp_path, 8)
    with pytest.raises(ValueError, match="no folder .* and it is no Hub id"):
        load_judges("not/a/folder", 8)
    (tmp_path / "discriminators" / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_judges(tmp_path, 16)


def test_comparison_shows_what_both_have():
    rows = comparison({"wer": 0.5, "f0_correlation": 0.1, "clips": 3}, {"wer": 0.25, "clips": 3})
    assert rows == [{"measure": "word error rate (less is better)", "before": "0.500", "after": "0.250"}]


# --- whole runs ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packed(recordings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "packed"
    recordings.save(folder)
    return folder


@pytest.fixture(scope="module")
def recipe_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "small.yaml"
    path.write_text(json.dumps({**SMALL, "max_steps": 3, "judge_warmup": 1, "save_every": 2, "losses": {"kl": 0.2}}))
    return path


@pytest.mark.slow
def test_a_run_ends_with_a_checkpoint_on_the_hub(
    run_finetune, tiny_checkpoint, packed, recipe_file, tmp_path, monkeypatch
):
    arguments = ["--data", str(packed), "--base", str(tiny_checkpoint), "--recipe", str(recipe_file), "--cpu"]
    arguments += ["--output", str(tmp_path / "run"), "--voice_name", "bee", "--license", "cc0-1.0"]
    run_finetune.main([*arguments, "--max_steps", "2", "--tracker", "tensorboard"])
    assert list((tmp_path / "run" / "trackers").rglob("events.out.tfevents.*"))
    folder = tmp_path / "run" / "checkpoint"
    record = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert record["steps"] == 2 and record["before"]["clips"] == record["after"]["clips"] == 1
    assert load_judges(folder, 16) is not None
    with LoopbackHub() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        run_finetune.main(
            [
                *arguments,
                "--resume",
                "latest",
                "--allow_changes",
                "--push_to_hub",
                "me/bee",
                "--consent",
                "I am a bee.",
            ]
        )
        repository = hub.repositories["me/bee"]
        files = repository.commits[repository.branches["main"]]
    assert {"model.safetensors", "README.md", "discriminators/model.safetensors", "vocab.json"} <= set(files)
    card = files["README.md"].decode()
    assert "license: cc0-1.0" in card and "language: [en]" in card and "3 steps of 2 windows" in card
    assert "I am a bee." in card and "| mel-cepstral distortion" in card and 'from_pretrained("me/bee")' in card
    processor, model = ValeTTSProcessor.from_pretrained(folder), ValeTTSForSpeech.from_pretrained(folder)
    assert processor.default_voices == {"en-us": "bee", "pt-br": "rui"} and "ada" in processor.voices
    style = torch.tensor(processor.voices["bee"]["style"])
    assert torch.allclose(model.model.default_styles[0], style, atol=1e-3)
    assert model.dtype == torch.float32


def test_a_run_with_an_adapter_ends_with_a_voice(run_finetune, tiny_checkpoint, packed, recipe_file, tmp_path):
    from valetts_hf.voices.adapters import attached_adapters, load_voice_adapter
    from valetts_hf.voices.voice import Voice

    arguments = ["--data", str(packed), "--base", str(tiny_checkpoint), "--recipe", str(recipe_file), "--cpu"]
    arguments += ["--output", str(tmp_path), "--voice_name", "bee", "--method", "peft", "--max_steps", "1"]
    run_finetune.main(arguments)
    voice = Voice.from_pretrained(tmp_path / "voice")
    model = ValeTTSForSpeech.from_pretrained(tiny_checkpoint)
    assert voice.name == "bee" and load_voice_adapter(model, voice) in attached_adapters(model)


def test_a_voice_is_not_called_like_another_speaker(run_finetune, recordings):
    first, *others = speakers_of(recordings)
    assert run_finetune.voice_names("bee", small_recipe(), recordings) == {first: "bee"}
    assert run_finetune.voice_names(None, small_recipe(), recordings) == {}
    with pytest.raises(ValueError, match="is another speaker of the data"):
        run_finetune.voice_names(others[0], small_recipe(), recordings)
    long = replace(recordings, speakers=[name * 40 for name in recordings.speakers])  # as in Common Voice
    with pytest.raises(ValueError, match="1 to 64 letters"):
        run_finetune.voice_names(None, small_recipe(method="peft"), long)


def test_errors_of_the_command(run_finetune, tiny_checkpoint, packed, tmp_path):
    common = ["--output", str(tmp_path), "--base", str(tiny_checkpoint), "--cpu"]
    for more, message in (
        (["--data", str(packed), str(packed)], "one packed corpus"),
        (["--data", "x", "--columns", "sentence"], "--columns takes ROLE=NAME"),
        (["--data", "x", "--columns", "words=sentence"], "--columns knows audio, text"),
        (["--data", str(packed), "--init_discriminators", str(packed)], "no discriminators in"),
        (["--data", str(packed), "--embedder", "nothing"], "module:function"),
        (["--data", str(packed), "--freeze", "ears"], "freeze knows no"),
        (["--data", str(packed), "--freeze", "flow", "--method", "peft"], "--freeze is for the method full"),
        (["--data", str(packed), "--new_language", "da", "--method", "peft"], "it needs --method full"),
        (["--data", str(packed), "--new_language", "de"], "speaks 'de' already: fine-tune without a new language"),
        (["--data", str(packed), "--recipe", str(tmp_path / "none.yaml")], "there is no recipe"),
        (["--data", str(packed), "--tracker", "wall"], "unknown tracker 'wall'"),
        (
            ["--data", str(packed), "--base", str(tmp_path / "nowhere")],
            "nowhere' is neither a folder here .* nor to be had",
        ),
        (
            ["--data", str(packed), "--method", "peft", "--push_to_hub", "ann/bee"],
            "say how they agreed with --consent",
        ),
    ):
        with pytest.raises(SystemExit, match=message):
            run_finetune.main([*common, *more])
    assert not (tmp_path / "checkpoints").exists()
    (tmp_path / "checkpoints" / "step-00000007").mkdir(parents=True)
    with pytest.raises(SystemExit, match="error: .*holds a run already, which has come to step-00000007"):
        run_finetune.main([*common, "--data", str(packed)])
