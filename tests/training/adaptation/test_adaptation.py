"""Few-shot adaptation of a tiny model to made-up voices: learning, stopping, bad input, locks and full disks."""

import errno
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.conftest import tiny_processor, voice_like
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.adaptation import adaptation_run
from valetts_hf.training.adaptation import support as support_module
from valetts_hf.training.adaptation.adapt_voice import TranscriptError, VoiceBusyError, adapt_voice, voice_lock
from valetts_hf.training.adaptation.adaptation_run import adapt
from valetts_hf.training.adaptation.settings import AdaptationSettings, load_settings
from valetts_hf.training.adaptation.start import Start, read_start
from valetts_hf.training.adaptation.support import Support, SupportClip, SupportWindows, prepare_support
from valetts_hf.training.adaptation.transcript_alignment import (
    align_support,
    align_transcript,
    expected_duration_search,
)
from valetts_hf.training.meta.learning_rates import InnerLearningRates
from valetts_hf.training.meta.meta_training import build_meta_state, read_meta_facts, save_meta_start
from valetts_hf.training.meta.recipe import meta_recipe_from
from valetts_hf.voices.adapters import attached_adapters, load_voice_adapter, read_adapter, use_adapter
from valetts_hf.voices.errors import ConsentError, VoiceFileError, VoiceMismatchError
from valetts_hf.voices.voice import Voice


RATE = 24000
TEXTS = ["Ada went home.", "The sun is up."]
FAST = {
    "preset": "tiny",
    "max_steps": 6,
    "evaluate_every": 3,
    "batch_size": 2,
    "window_frames": 48,
    "segment_frames": 24,
}


@pytest.fixture(scope="module")
def clips():
    """Two clips of about three seconds of one buzzing voice."""
    return [{"array": voice_like(3.2, RATE, f0), "sampling_rate": RATE} for f0 in (118.0, 123.0)]


@pytest.fixture(scope="module")
def processor():
    return tiny_processor()


@pytest.fixture(scope="module")
def model(tiny_checkpoint):
    return ValeTTSForSpeech.from_pretrained(tiny_checkpoint).eval()


@pytest.fixture(scope="module")
def support(processor, model, clips):
    """With made-up, even durations, so that tests need no alignment."""
    found = prepare_support(processor, model.config, clips, TEXTS, "en-us")
    for clip in found.clips:
        share = torch.full((len(clip.input_ids),), clip.frames // len(clip.input_ids))
        share[: clip.frames - int(share.sum())] += 1
        clip.durations = share
    return found


def made(model, processor, clips, transcripts=TEXTS, **changes):
    options = {"name": "ada", "consent": "made up for tests", "settings": FAST, "language": "en-us", "quality": "warn"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return adapt_voice(model, processor, clips, transcripts, **(options | {"check_transcripts": False} | changes))


def test_a_voice_comes_out_and_the_model_stays_as_it_was(model, processor, clips, tmp_path):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    told = []
    voice = made(model, processor, clips, progress=told.append, folder=tmp_path / "ada")
    assert not attached_adapters(model) and not model.decoder.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    facts = voice.metadata["adaptation"]
    assert [item.step for item in told] == list(range(7)) and told[-1].max_steps == 6
    assert (
        facts["steps"] == 6
        and facts["clips"] == ["clip 1", "clip 2"]
        and list(facts["held_out_losses"]) == ["0", "3", "6"]
    )
    assert set(told[-1].losses) >= {"mel", "kl", "duration", "preservation", "pace"}
    assert voice.consent == "made up for tests" and voice.language == "en-us"

    kept = Voice.from_pretrained(tmp_path / "ada")
    assert np.array_equal(kept.style, voice.style) and kept.metadata == voice.metadata
    if voice.adapter is not None:
        name = load_voice_adapter(model, kept)
        ids, style = torch.randint(5, 90, (1, 9)), torch.from_numpy(voice.style)[None]
        durations = torch.full((1, 9), 4)
        plain = model(ids, style=style, durations=durations, noise_scale=0.0).waveform
        with use_adapter(model, name):
            adapted = model(ids, style=style, durations=durations, noise_scale=0.0).waveform
        assert not torch.equal(plain, adapted)


@pytest.mark.parametrize("with_text", [True, False])
def test_it_learns_the_same_with_the_same_seed(model, processor, support, with_text, monkeypatch):
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    used = support if with_text else Support([SupportClip(**{**vars(c), "durations": None}) for c in support.clips])
    settings = {**FAST, "max_steps": 10, "evaluate_every": 10, "learning_rate": 0.01, "style_learning_rate": 0.05}
    random = torch.get_rng_state()
    first = adapt(model, processor, used, settings=settings)
    losses = first.held_out_losses
    assert losses[10] < 0.98 * losses[0] and first.best_step == 10 and first.adapter is not None
    assert torch.equal(torch.get_rng_state(), random)
    if with_text:
        again, other = (
            adapt(
                model, processor, used, settings={**settings, "max_steps": 2, "seed": seed, "final_learning_rate": 1.0}
            )
            for seed in (0, 1)
        )
        once_more = adapt(model, processor, used, settings={**settings, "max_steps": 2, "final_learning_rate": 1.0})
        assert torch.equal(again.style, once_more.style) and again.held_out_losses == once_more.held_out_losses
        assert other.held_out_losses != again.held_out_losses


def test_no_steps_give_the_mean_style(model, processor, support, monkeypatch):
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    result = adapt(model, processor, support, settings={"max_steps": 0})
    styles = [model.encode_style(clip.mel[None])[0] for clip in support.clips]
    lengths = [clip.frames for clip in support.clips]
    mean = sum(style * n for style, n in zip(styles, lengths, strict=True)) / sum(lengths)
    assert result.adapter is None and result.steps == 0
    torch.testing.assert_close(result.style, mean.detach())


def test_it_stops_when_nothing_gets_better(model, processor, support, monkeypatch):
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    judged = iter([5.0, 4.0, 4.5, 4.6, 1.0])
    monkeypatch.setattr(adaptation_run._Run, "_judge", lambda self: next(judged))
    seen = {}
    settings = {**FAST, "max_steps": 12, "patience": 2}
    result = adapt(
        model,
        processor,
        support,
        settings=settings,
        snapshots=[3],
        on_snapshot=lambda *made: seen.update({made[0]: made[1:]}),
    )
    assert (result.steps, result.best_step) == (9, 3)
    assert torch.equal(result.style, seen[3][0])
    assert all(torch.equal(value, seen[3][1][name]) for name, value in result.adapter[1].items())


def test_ctrl_c_keeps_the_best_so_far(model, processor, support, monkeypatch):
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    judged = iter([5.0, 4.0])
    monkeypatch.setattr(adaptation_run._Run, "_judge", lambda self: next(judged))

    def interrupt(progress):
        if progress.step == 5:
            raise KeyboardInterrupt

    result = adapt(model, processor, support, settings=FAST, progress=interrupt)
    assert result.interrupted and (result.steps, result.best_step) == (5, 3) and result.adapter is not None
    assert "interrupted after 5 steps" in result.notes[-1]


def test_a_voice_is_improved_from_where_it_was(model, processor, support, monkeypatch):
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    first = adapt(model, processor, support, settings={**FAST, "evaluate_every": 6, "learning_rate": 0.01})
    seen = {}
    start = first.adapter or pytest.fail("nothing was learned")
    adapt(
        model,
        processor,
        support,
        settings=FAST,
        start=Start(*start),
        snapshots=[0],
        on_snapshot=lambda *made: seen.update(made[2]),
    )
    assert all(torch.equal(value, seen[name]) for name, value in start[1].items())


@pytest.fixture(scope="module")
def meta_start(tiny_checkpoint, tmp_path_factory):
    """The folder of a meta-trained start with an offset, rates of two steps, and its adapter's first weights."""
    recipe = meta_recipe_from(
        {"preset": "tiny", "inner_steps": 2, "per_step_rates": True, "max_inner_learning_rate": 0.5}
    )
    state = build_meta_state(recipe, ValeTTSForSpeech.from_pretrained(tiny_checkpoint))
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        state.objective.style_offset.copy_(torch.randn(16, generator=random) * 0.3)
        state.learning_rates.log_rates.uniform_(-9, -7, generator=random)
    folder = tmp_path_factory.mktemp("meta") / "start"
    save_meta_start(folder, state, recipe)
    return folder


def test_a_meta_trained_start_brings_its_style_offset(model, processor, clips, meta_start):
    offset, rates = read_meta_facts(meta_start)
    enrolled = made(model, processor, clips, max_steps=0)
    voice = made(model, processor, clips, max_steps=0, start=meta_start)
    assert enrolled.adapter is None and offset.abs().min() > 0
    np.testing.assert_allclose(voice.style, enrolled.style + offset.numpy(), atol=1e-6)
    config, weights = read_adapter(meta_start)
    assert all(torch.equal(weights[name], value) for name, value in voice.adapter[1].items())
    assert rates.rates.shape[0] == 2 and not voice.metadata["adaptation"]["notes"]


def test_a_meta_trained_start_brings_its_learning_rates(model, processor, support, meta_start, monkeypatch):
    """Steps are plain descent, each tensor at the rate learned for it and for the step."""
    monkeypatch.setattr(adaptation_run, "align_support", lambda *args: {})
    taken = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            before = [group["params"][0].detach().clone() for group in self.param_groups]
            super().step(closure)
            for old, group in zip(before, self.param_groups):
                value = group["params"][0]
                torch.testing.assert_close(value.detach(), old - group["lr"] * value.grad)
            taken.append([group["lr"] for group in self.param_groups])

    monkeypatch.setattr(torch.optim, "SGD", Watched)
    start = read_start(meta_start, model)
    result = adapt(model, processor, support, settings=FAST, start=start)
    table = read_meta_facts(meta_start)[1].table()
    assert result.steps == 6 and len(taken) == 6 and len(taken[0]) == len(table)
    for step in range(6):
        learned = sorted(rates[min(step, 1)] for rates in table.values())
        assert sorted(taken[step]) == pytest.approx(learned, rel=1e-5)
    assert taken[0][0] == pytest.approx(table["style_offset"][0], rel=1e-5)
    assert taken[0] != taken[1] == taken[5]


def test_what_the_inner_loop_left_alone_stays(model, meta_start):
    """As in ANIL, where only the head has rates."""
    start = read_start(meta_start, model)
    names = [name for name in start.rates.names if "decoder.head" in name]
    start = replace(start, rates=InnerLearningRates(names, 0.25))
    renamed = names[0].removeprefix("generator.model.").replace(".meta.", ".adapted.")
    assert start.rates_at(7, ["style", renamed, "model.text_encoder.x.lora_A.adapted.weight"]) == [0.0, 0.25, 0.0]


def test_damaged_meta_starts(model, meta_start, tmp_path):
    folder = shutil.copytree(meta_start, tmp_path / "start")
    (folder / "meta.json").write_text("{}")
    with pytest.raises(ValueError, match="the meta-trained start in .* is damaged .*copy it again"):
        read_start(folder, model)
    shutil.copy(meta_start / "meta.json", folder)
    tensors = load_file(meta_start / "meta.safetensors")
    save_file({**tensors, "style_offset": torch.zeros(3)}, folder / "meta.safetensors")
    with pytest.raises(ValueError, match=r"style offset of \(3,\), this model needs \(16,\): meta-train again"):
        read_start(folder, model)


# --- what is learned from ---------------------------------------------------------------------------------------------------


def test_windows_never_show_what_is_held_out(support):
    windows = SupportWindows(support, batch_size=3, window_frames=64, seed=0)
    ends = {len(clip.input_ids): clip.learned_frames for clip in support.clips}
    for step in range(20):
        batch, with_text = windows.learned(step)
        assert with_text and batch.mel.shape == (3, 64, 100) and batch.waveform.shape == (3, 64 * 256)
        tokens = batch.token_mask.sum(dim=1).tolist()
        for start, frames, count in zip(batch.window_start, batch.frame_mask.sum(dim=1), tokens, strict=True):
            assert start + frames <= ends[count]
    again, _ = windows.learned(7)
    torch.testing.assert_close(again.mel, windows.learned(7)[0].mel, rtol=0, atol=0)
    ((held_out, _),) = windows.held_out()
    for start, clip in zip(held_out.window_start, support.clips, strict=True):
        assert start + 64 == clip.frames
    assert torch.equal(held_out.waveform[0], support.clips[0].waveform[-64 * 256 :])


def test_windows_with_and_without_text_come_in_proportion(support):
    silent = SupportClip(**{**vars(support.clips[1]), "durations": None})
    windows = SupportWindows(Support([support.clips[0], silent]), batch_size=2, window_frames=32, seed=0)
    drawn = [windows.learned(step)[1] for step in range(200)]
    assert 70 < sum(drawn) < 130
    assert [with_text for _, with_text in windows.held_out()] == [True, False]


def test_of_many_clips_the_best_are_taken(model, processor, monkeypatch):
    monkeypatch.setattr(support_module, "extract_log_f0", lambda samples: np.zeros(len(samples) // 256, np.float32))
    short, long = ({"array": voice_like(seconds, RATE), "sampling_rate": RATE} for seconds in (0.8, 2.5))
    clips = [short] * 30
    for place in (3, 9, 11, 20, 28):
        clips[place] = long
    with pytest.warns(UserWarning, match="30 clips were given; the 5 with the most speech"):
        support = prepare_support(processor, model.config, clips)
    assert [clip.name for clip in support.clips] == ["clip 4", "clip 10", "clip 12", "clip 21", "clip 29"]
    with pytest.raises(ValueError, match="201 clips are too many to choose from: give the 5 best"):
        prepare_support(processor, model.config, [short] * 201)


@pytest.mark.parametrize(
    ("clips", "transcripts", "message"),
    [
        ([], None, "no clips were given"),
        (1, ["one", "two", "three"], "3 transcripts for 1 clips"),
        (1, ["word " * 200], "transcript of clip 1 .* is too long for its 3.. s"),
        ([{"array": np.zeros(RATE * 3, np.float32), "sampling_rate": RATE}], None, "clip 1 cannot be used: .* silent"),
    ],
)
def test_clips_that_cannot_be_used(model, processor, clips, transcripts, message):
    if clips == 1:
        clips = [{"array": voice_like(3.2, RATE), "sampling_rate": RATE}]
    with pytest.raises(ValueError, match=message):
        prepare_support(processor, model.config, clips, transcripts, "en-us")


def test_a_name_in_the_message_is_that_of_the_file(model, processor, tmp_path):
    (tmp_path / "hum.wav").write_bytes(b"no audio")
    with pytest.raises(ValueError, match="'hum.wav' cannot be used"):
        prepare_support(processor, model.config, [tmp_path / "hum.wav"])


def test_consent_is_needed_before_any_work(model, processor):
    with pytest.raises(ConsentError, match="no consent"):
        made(model, processor, ["there/is/no/such/file.wav"], None, consent="")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_steps": 101}, "max_steps must be 0 to 100, got 101"),
        ({"preset": "huge"}, "preset must be one of tiny, default, max, got 'huge'"),
        ({"learning_rate": 0}, "learning_rate must be greater than 0"),
        ({"held_out_share": 0.9}, r"held_out_share must be in \[0, 0.5\], got 0.9"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"losses": {"beauty": 1.0}}, r"unknown losses \['beauty'\]"),
        ({"speed": 3}, r"unknown settings \['speed'\]"),
        ({"batch_size": 2.5}, "adaptation: batch_size must be a whole number, got 2.5"),
        ({"learning_rate": "fast"}, "adaptation: learning_rate must be a number, got 'fast'"),
        ({"losses": {"mel": "big"}}, "adaptation: losses.mel must be a number, got 'big'"),
        ({"seed": -1}, "adaptation: seed must not be negative, got -1"),
    ],
)
def test_settings_are_checked(values, message):
    with pytest.raises(ValueError, match=message):
        load_settings(values)


def test_settings_come_from_files_and_arguments(tmp_path):
    file = tmp_path / "adapt.yaml"
    file.write_text("max_steps: 40\nseed: 3\n")
    assert load_settings(file, seed=None, max_steps=7) == AdaptationSettings(max_steps=7, seed=3)
    file.write_text("learning_rate: 1e-3\nlosses: {stft: 2e0}\n")  # text to YAML, without a point
    assert load_settings(file).learning_rate == 1e-3 and load_settings(file).loss_weights.stft == 2.0
    file.write_text("- 1\n")
    with pytest.raises(ValueError, match="must be a mapping"):
        load_settings(file)


# --- transcripts --------------------------------------------------------------------------------------------------------------


class _Reader(torch.nn.Module):
    """A network whose latents are the spectrogram and whose prior of a token is a fixed random spectrum."""

    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(duration=SimpleNamespace(noise_size=2, max_frames=30))
        self.spectra = torch.randn(200, 12, generator=torch.Generator().manual_seed(0))
        self.model = SimpleNamespace(
            posterior_encoder=lambda mel, style, mask: (mel, mel),
            flow=lambda latents, style, mask: latents,
            text_encoder=lambda ids, languages, style, mask: self.spectra[ids],
            duration_predictor=lambda states, style, mask, noise: torch.zeros(states.shape[:2]),
            token_prior=lambda states: (states, torch.zeros_like(states)),
        )

    def clip(self, name, said, written):
        """Someone says some tokens, four frames each with some noise; others may be written down."""
        durations = torch.randint(3, 7, (len(said),), generator=torch.Generator().manual_seed(1))
        mel = self.spectra[said].repeat_interleave(durations, dim=0)
        mel = mel + 0.7 * torch.randn(mel.shape, generator=torch.Generator().manual_seed(2))
        frames = len(mel)
        written = torch.as_tensor(written)
        return SupportClip(
            name, torch.zeros(frames * 256), mel, torch.zeros(frames), "words", written, torch.zeros_like(written)
        ), durations


def tokens(seed, count=30):
    return torch.randint(5, 200, (count,), generator=torch.Generator().manual_seed(seed))


def test_a_right_transcript_is_aligned():
    reader, said = _Reader(), tokens(1)
    clip, durations = reader.clip("clip 1", said, said)
    found = align_transcript(reader, clip.mel, clip.input_ids, clip.language_ids, torch.zeros(4))
    assert found.durations.sum() == clip.frames and (found.durations - durations).abs().max() <= 1
    assert found.cost < 0.3
    costs = align_support(reader, Support([clip]), torch.zeros(4))
    assert costs == {"clip 1": found.cost} and torch.equal(clip.durations, found.durations)


def test_expected_durations_settle_what_the_prior_leaves_open():
    expected = torch.tensor([1.0, 2.0, 4.0, 1.0]).log()
    nothing = torch.zeros(4, 16)
    assert expected_duration_search(nothing, expected, 10).tolist() == [2, 4, 8, 2]
    told = torch.full((4, 16), -50.0)
    for token, frames in enumerate(((0, 5), (5, 6), (6, 12), (12, 16))):
        told[token, slice(*frames)] = 0.0
    assert expected_duration_search(told, expected, 10, weight=1.0).tolist() == [5, 1, 6, 4]
    assert expected_duration_search(torch.zeros(2, 40), torch.zeros(2), 3).sum() == 40  # longer than a token may be
    with pytest.raises(ValueError, match="5 tokens cannot share 4 frames"):
        expected_duration_search(torch.zeros(5, 4), torch.zeros(5), 10)


def test_a_wrong_transcript_is_refused_by_name():
    reader = _Reader()
    right, _ = reader.clip("clip 1", tokens(1), tokens(1))
    wrong, _ = reader.clip("'b.wav'", tokens(2), tokens(3))  # also what a text in another language looks like
    with pytest.raises(
        TranscriptError, match="transcript of 'b.wav' does not match what is said: 'words'.*or its language"
    ):
        align_support(reader, Support([right, wrong]), torch.zeros(4), seed=5)
    assert wrong.durations is None
    align_support(reader, Support([wrong]), torch.zeros(4), check_transcripts=False)
    assert wrong.durations is not None


def test_a_doubtful_transcript_is_left_out_with_a_note(monkeypatch):
    reader = _Reader()
    clip, _ = reader.clip("clip 1", tokens(1), tokens(1))
    monkeypatch.setattr("valetts_hf.training.adaptation.transcript_alignment.DOUBTED_COST", 0.0)
    support = Support([clip])
    align_support(reader, support, torch.zeros(4))
    assert clip.durations is None and "transcript of clip 1 is doubtful" in support.notes[0]


# --- files --------------------------------------------------------------------------------------------------------------------


def test_an_adapter_of_another_checkpoint_is_no_start(model, processor, clips):
    other = Voice("eva", np.zeros(16), "0" * 12 + "-" + "0" * 12, adapter=(None, {}))
    with pytest.raises(VoiceMismatchError, match="'eva' was adapted with the checkpoint 0000"):
        made(model, processor, clips, start=other)


def test_two_processes_cannot_adapt_one_voice(model, processor, clips, tmp_path):
    folder = tmp_path / "ada"
    with voice_lock(folder, "ada"):
        lock = next(tmp_path.glob(".*.lock"))
    hold = f"from filelock import FileLock\nwith FileLock({str(lock)!r}):\n    print('held', flush=True)\n    input()"
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(VoiceBusyError, match="another process is adapting the voice 'ada'"):
            made(model, processor, clips, folder=folder)
        assert not folder.exists()
    finally:
        other.communicate(b"\n", timeout=30)
    made(model, processor, clips, None, settings={"max_steps": 0}, folder=folder)
    assert Voice.from_pretrained(folder).name == "ada"


def test_the_language_is_that_of_the_transcripts(model, processor, clips):
    settings = FAST | {"max_steps": 0}
    assert made(model, processor, clips, language=None, settings=settings).language == "en-us"
    assert made(model, processor, clips, None, language=None, settings=settings).language is None


def test_a_place_that_is_taken_is_said_before_any_work(model, processor, clips, tmp_path):
    (tmp_path / "cat.jpg").touch()
    with pytest.raises(ValueError, match="holds other files and no voice"):
        made(model, processor, clips, folder=tmp_path, progress=lambda at: pytest.fail("it began"))


def test_a_full_disk_leaves_the_old_voice(model, processor, clips, tmp_path, monkeypatch):
    folder = tmp_path / "ada"
    old = made(model, processor, clips, None, settings={"max_steps": 0}, folder=folder)
    monkeypatch.setattr(adaptation_run._Run, "_judge", lambda self: -float(len(clips)) * torch.rand(()).item())

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    monkeypatch.setattr("safetensors.numpy.save_file", full)
    with pytest.raises(VoiceFileError, match="No space left on device. Nothing there was changed"):
        made(model, processor, clips, None, settings={**FAST, "max_steps": 3}, folder=folder)
    monkeypatch.undo()
    kept = Voice.from_pretrained(folder)
    assert np.array_equal(kept.style, old.style) and {
        path.name for path in tmp_path.iterdir() if path.suffix != ".lock"
    } == {"ada"}
