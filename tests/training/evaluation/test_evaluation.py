"""Evaluation inside training, and the script around it."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.conftest import tiny_config
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.evaluation.evaluator import (
    ClipResult,
    Evaluator,
    SpokenClip,
    held_out_clips,
    load_callable,
)
from valetts_hf.training.metrics.cepstra import mel_cepstral_distortion
from valetts_hf.training.metrics.durations import duration_error


SCRIPT = Path(__file__).parents[3] / "training_scripts" / "evaluate_checkpoint.py"


@pytest.fixture(scope="module")
def corpus(buzz_corpus):
    """The buzzing clips with a test split and sentences of their own."""
    splits = ["train"] * 12
    splits[0], splits[3], splits[7] = "test", "test", "validation"
    texts = [f"buzz goes the bee number {number}" for number in range(12)]
    texts[3] = "buzz"
    return replace(buzz_corpus, splits=splits, texts=texts)


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ValeTTSForSpeech(tiny_config())


class FakeRecognizer:
    """Hears the same phones in everything."""

    def transcribe(self, waveform, language):
        assert language == "en-us"
        return ["b", "ʌ"]


def test_held_out_clips_of_each_kind(corpus):
    assert sorted(held_out_clips(corpus)) == [0, 3]
    assert held_out_clips(corpus, min_words=2) == [0]
    assert held_out_clips(corpus, splits=("validation", "test"))[0] == 7
    assert held_out_clips(corpus, speaker="rui", splits=("test", "validation")) == [7]
    assert len(held_out_clips(corpus, count=1)) == 1
    assert held_out_clips(corpus, language="de") == []
    double = replace(corpus, texts=["buzz"] * 12)
    assert len(held_out_clips(double)) == 1
    with pytest.raises(ValueError, match="count of held-out clips must be at least 1, got -1"):
        held_out_clips(corpus, count=-1)
    with pytest.raises(ValueError, match="speaker 'bob' is not in the corpus"):
        held_out_clips(corpus, speaker="bob")


def test_a_call_measures_and_leaves_no_trace(corpus, model):
    evaluator = Evaluator(corpus, [0, 3], ("mel_cepstral_distortion", "duration", "copy_spectra"))
    model.train()
    before = torch.get_rng_state()
    values = evaluator(model, step=5)
    assert model.training and torch.equal(before, torch.get_rng_state())
    model.eval()
    torch.manual_seed(99)
    assert evaluator(model, step=6) == values and not model.training
    assert values["clips"] == 2.0
    assert {"duration_mae_ms", "copy_mel_distance", "copy_stft_distance"} < set(values)


def test_values_are_means_of_the_metrics_over_what_was_spoken(corpus, model):
    spoken = {}
    evaluator = Evaluator(corpus, [0, 3], ("mel_cepstral_distortion", "duration"), seed=4)
    results = evaluator.judge(model, lambda clip, speech: spoken.update({clip: speech}))
    assert [result.clip for result in results] == list(spoken) == [0, 3]
    for result in results:
        clip, speech = corpus.clip(result.clip), spoken[result.clip]
        assert len(speech.waveform) == speech.durations.sum() * 256
        expected = duration_error(speech.durations, clip["durations"])
        assert result.values["duration_mae_ms"] == pytest.approx(expected["duration_mae_ms"])
        distortion = mel_cepstral_distortion(speech.waveform, clip["waveform"])
        assert result.values["mel_cepstral_distortion"] == pytest.approx(distortion)
    values = [result.values["mel_cepstral_distortion"] for result in results]
    assert evaluator.summarize(results)["mel_cepstral_distortion"] == pytest.approx(np.mean(values))


def test_clip_number_i_has_seed_plus_i(corpus, model):
    seeds = []

    def speak(_, clip, seed):
        seeds.append((clip, seed))
        return SpokenClip(corpus.waveform(clip))

    values = Evaluator(corpus, [3, 0], ("mel_cepstral_distortion", "duration"), speak=speak, seed=7)(model)
    assert seeds == [(3, 7), (0, 8)]
    assert values == {"clips": 2.0, "mel_cepstral_distortion": 0.0}  # no durations without tokens


def test_the_style_comes_from_another_recording_of_the_speaker(corpus, model):
    evaluator = Evaluator(corpus, [0, 3, 11], ())
    for clip in (0, 3):
        other = evaluator.reference_clip(clip)
        assert other != clip and corpus.splits[other] == "train"
        assert corpus.speaker_ids[other] == corpus.speaker_ids[clip]
    assert evaluator.reference_clip(11) == 11  # the only one of its speaker
    styles = []

    def style_of(asked, clip):
        styles.append(clip)
        return torch.zeros(1, asked.config.style.hidden_size)

    Evaluator(corpus, [0], (), style_of=style_of)(model)
    assert styles == [0]


def test_listeners_of_speech_and_of_recordings(corpus, model):
    evaluator = Evaluator(
        corpus,
        [0, 3],
        (),
        transcriber=lambda waveform, rate, language: "buzz goes the bee number zero",
        embedder=lambda waveform, rate: np.array([1.0, len(waveform)]),
        recognizer=FakeRecognizer(),
    )
    values = evaluator(model)
    assert values["wer"] == pytest.approx(5 / 7)  # six words against "buzz": five too many
    assert 0.99 < values["speaker_similarity"] <= 1.0
    references = [evaluator.reference_phones(clip) for clip in (0, 3)]
    assert values["phoneme_error_rate"] >= 1 - 4 / sum(map(len, references))
    human = evaluator.summarize(evaluator.judge_recordings())
    assert set(human) == {"clips", "wer", "cer", "speaker_similarity", "phoneme_error_rate"}
    assert human["wer"] == values["wer"]


def test_missing_values_are_left_out_of_means(corpus):
    evaluator = Evaluator(corpus, [0, 3], ())
    nan = float("nan")
    values = evaluator.summarize([ClipResult(0, {"a": nan, "b": nan}), ClipResult(3, {"a": 2.0, "b": nan})])
    assert values["a"] == 2.0 and np.isnan(values["b"])
    with pytest.raises(ValueError, match="no results"):
        evaluator.summarize([])


@pytest.mark.parametrize(
    ("clips", "measures", "message"),
    [
        ([0], ("loudness",), "no measures \\['loudness'\\]; there are mel_cepstral_distortion"),
        ([], (), "no clips to speak: .* --test-share 0.02"),
        ([0], ("transcript",), "'transcript' needs a transcriber"),
        ([0], ("phonemes",), "'phonemes' needs a recognizer"),
    ],
)
def test_evaluations_that_cannot_be(corpus, clips, measures, message):
    with pytest.raises(ValueError, match=message):
        Evaluator(corpus, clips, measures)


def test_clips_without_transcript_are_refused(corpus):
    tokens = corpus.token_offsets.copy()
    tokens[1:] -= tokens[1]
    silent = replace(
        corpus,
        token_offsets=tokens,
        input_ids=corpus.input_ids[corpus.token_offsets[1] :],
        durations=corpus.durations[corpus.token_offsets[1] :],
    )
    with pytest.raises(ValueError, match="clips \\[0\\] have no transcript"):
        Evaluator(silent, [0, 3])


def test_callables_by_name(monkeypatch, tmp_path):
    (tmp_path / "my_judges.py").write_text("class Box:\n    hear = staticmethod(lambda: 'one')\nNUMBER = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_callable("my_judges:Box.hear")() == "one"
    for name, message in {
        "my_judges": "write it as module:function",
        ":hear": "write it as module:function",
        "my_judges:missing": "cannot load 'my_judges:missing': .*PYTHONPATH",
        "no_such_judges:hear": "cannot load 'no_such_judges:hear'",
        "my_judges:NUMBER": "is a int, not something to call",
    }.items():
        with pytest.raises(ValueError, match=message):
            load_callable(name)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("evaluate_checkpoint", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_script_writes_numbers_and_what_outside_judges_need(corpus, tiny_checkpoint, script, tmp_path, monkeypatch):
    corpus.save(tmp_path / "corpus")
    (tmp_path / "ears.py").write_text("def hear(waveform, sampling_rate, language):\n    return 'buzz'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    output = tmp_path / "judged"
    common = ["--checkpoint", str(tiny_checkpoint), "--corpus", str(tmp_path / "corpus"), "--output", str(output)]
    options = ["--speaker", "ada", "--voice", "ada", "--measures", "mel_cepstral_distortion"]
    script.main([*common, *options, "--transcriber", "ears:hear"])
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["sentences"] == 1 and metrics["model"]["wer"] == metrics["human"]["wer"] == pytest.approx(5 / 6)
    assert metrics["settings"]["spoken_from"] == "text" and metrics["rtf"] > 0
    assert "| wer | 0.833 | 0.833 |" in (output / "metrics.md").read_text()
    [row] = [json.loads(line) for line in (output / "model.jsonl").read_text().splitlines()]
    assert row == {"wav": "model/00.wav", "text": corpus.texts[0], "language": "en", "prompt": "human/00.wav"}
    recording, rate = soundfile.read(output / row["prompt"])
    assert rate == 24_000 and len(recording) == len(corpus.waveform(0))
    assert (output / "model" / "00.txt").read_text() == corpus.texts[0]
    splits = ["validation" if split == "test" else split for split in corpus.splits]
    replace(corpus, splits=splits).save(tmp_path / "corpus")  # as many data sets have it
    script.main([*common, *options, "--tokens"])
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["settings"]["spoken_from"] == "tokens" and metrics["sentences"] == 1


def test_script_makes_the_table_of_languages(corpus, tiny_checkpoint, script, tmp_path):
    from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer, PhonemeRecognizerConfig

    corpus.save(tmp_path / "corpus")
    PhonemeRecognizer(PhonemeRecognizerConfig(("b", "z"), ("en-us",), hidden_size=8, dilations=(1,))).save_pretrained(
        tmp_path / "ears"
    )
    paths = ["--corpus", str(tmp_path / "corpus"), "--output", str(tmp_path / "out")]
    script.main([*paths, "--checkpoint", str(tiny_checkpoint), "--phoneme_recognizer", str(tmp_path / "ears")])
    table = json.loads((tmp_path / "out" / "intelligibility.json").read_text())
    rows = {row["language"]: row for row in table["languages"]}
    assert rows["en-us"]["voice"] == "ada" and not rows["en-us"]["judgeable"]
    assert "too few held-out recordings (3" in rows["en-us"]["why_not"]
    assert rows["de"]["why_not"] == "no human recordings with a transcript" and rows["de"]["clips"] == 0
    assert "Not judgeable" in (tmp_path / "out" / "intelligibility.md").read_text()
