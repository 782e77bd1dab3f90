"""The phoneme recogniser learns made-up sounds, and the table says what it can and cannot judge."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from valetts_hf.processing.symbols import END_ID, START_ID, SYMBOL_TO_ID
from valetts_hf.training.data.corpus import PackedCorpus, offsets_of
from valetts_hf.training.evaluation.intelligibility import (
    error_ratio_range,
    intelligibility_table,
    markdown_table,
    verdict,
)
from valetts_hf.training.evaluation.phoneme_recognizer import PhonemeRecognizer, PhonemeRecognizerConfig
from valetts_hf.training.evaluation.recognizer_training import (
    PhonemeTrainingRecipe,
    augment,
    batches,
    config_of_corpus,
    load_examples,
    losses,
    sampling_weights,
    train_phoneme_recognizer,
    training_clips,
)
from valetts_hf.training.metrics.phonemes import phoneme_error_rate


TONES = {"a": 300.0, "i": 900.0, "s": 2500.0}


@pytest.fixture(scope="module")
def tone_corpus() -> PackedCorpus:
    """48 clips in two languages, in which every sound is a tone of its own; 8 of them held out."""
    random = np.random.default_rng(0)
    waveforms, ids, durations, phonemes = [], [], [], []
    for _ in range(48):
        sounds = ["a"]
        while len(sounds) < 6:
            sounds.append(random.choice([sound for sound in TONES if sound != sounds[-1]]))
        frames = random.integers(8, 13, len(sounds))
        spoken = [
            0.3 * np.sin(2 * np.pi * TONES[sound] * np.arange(n * 256) / 24_000)
            for sound, n in zip(sounds, frames, strict=True)
        ]
        silence = np.zeros(4 * 256)
        waveform = np.concatenate([silence, *spoken, silence]) + 1e-3 * random.standard_normal(
            (frames.sum() + 8) * 256
        )
        waveforms.append((waveform * 32767).astype(np.int16))
        ids.append([START_ID, *(SYMBOL_TO_ID[sound] for sound in sounds), END_ID])
        durations.append([4, *frames, 4])
        phonemes.append("".join(sounds))
    frames = sum(len(waveform) for waveform in waveforms) // 256
    return PackedCorpus(
        waveforms=np.concatenate(waveforms),
        sample_offsets=offsets_of(map(len, waveforms)),
        log_f0=np.zeros(frames, np.float32),
        energy=np.zeros(frames, np.float32),
        input_ids=np.concatenate(ids).astype(np.int16),
        token_offsets=offsets_of(map(len, ids)),
        durations=np.concatenate(durations).astype(np.int16),
        speaker_ids=np.zeros(48, np.int32),
        language_ids=np.array([0, 5] * 24, np.int32),
        texts=[f"clip {number}" for number in range(48)],
        phonemes=phonemes,
        languages=["en-us", "de"] * 24,
        splits=["train"] * 32 + ["test"] * 16,
        names=[f"clip{number}" for number in range(48)],
        speakers=["tone"],
    )


RECIPE = PhonemeTrainingRecipe(
    max_steps=120,
    batch_frames=800,
    learning_rate=1e-2,
    min_phone_count=5,
    bfloat16=False,
    warp=0.02,
    masked_bands=2,
    masked_frames=2,
)


@pytest.fixture(scope="module")
def trained(tone_corpus):
    clips = training_clips(tone_corpus)
    config = config_of_corpus(tone_corpus, clips, 5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = PhonemeRecognizer(replace(config, hidden_size=24, dilations=(1, 2), dropout=0.0))
        steps = []
        done = train_phoneme_recognizer(
            model, load_examples(model, tone_corpus, clips), RECIPE, lambda step, values: steps.append(step), 50
        )
    assert done == 120 and steps == [50, 100]
    return model


def references(corpus, clips):
    return [list(corpus.phonemes[clip]) for clip in clips]


def test_time_that_cannot_be_spent_is_refused():
    with pytest.raises(ValueError, match="recogniser: max_minutes must be greater than 0, got -1"):
        PhonemeTrainingRecipe(max_minutes=-1)


def test_it_hears_what_it_was_taught_in_clips_it_never_heard(tone_corpus, trained):
    clips = range(32, 48)
    heard = [trained.transcribe(tone_corpus.waveform(clip), tone_corpus.languages[clip]) for clip in clips]
    wanted = references(tone_corpus, clips)
    assert phoneme_error_rate(heard, wanted) < 0.2
    assert phoneme_error_rate(heard, wanted[1:] + wanted[:1]) > 0.3  # and not just something likely


def test_saved_and_loaded_it_hears_the_same(tone_corpus, trained, tmp_path):
    trained.save_pretrained(tmp_path / "ears")
    again = PhonemeRecognizer.from_pretrained(tmp_path / "ears")
    assert again.config == trained.config and sorted(p.name for p in (tmp_path / "ears").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    waveform = tone_corpus.waveform(40)
    assert again.transcribe(waveform, "de") == trained.transcribe(torch.from_numpy(waveform), "de")
    with pytest.raises(FileNotFoundError, match="train_phoneme_recognizer.py first"):
        PhonemeRecognizer.from_pretrained(tmp_path)


def test_rows_of_a_batch_do_not_hear_each_other(tone_corpus, trained):
    features = [trained.features(torch.from_numpy(tone_corpus.waveform(clip))[None])[0] for clip in (32, 33)]
    lengths = torch.tensor([len(row) for row in features])
    padded = torch.nn.utils.rnn.pad_sequence(features, batch_first=True)
    languages = torch.tensor([0, 1])
    together, output_lengths = trained(padded, lengths, languages)
    assert output_lengths.tolist() == [(length + 1) // 2 for length in lengths.tolist()]
    for row in range(2):
        alone, _ = trained(features[row][None], lengths[row : row + 1], languages[row : row + 1])
        length = int(output_lengths[row])
        torch.testing.assert_close(together[row, :length], alone[0], rtol=1e-3, atol=1e-3)


def test_best_path_joins_repetitions_across_blanks(trained):
    classes = {phone: number + 1 for number, phone in enumerate(trained.config.phones)}
    path = [0, classes["a"], classes["a"], 0, classes["i"], 0, classes["i"], classes["s"], 0]
    logits = torch.nn.functional.one_hot(torch.tensor(path), len(classes) + 1).float()
    assert trained.decode(logits) == ["a", "i", "s"]


def test_level_and_microphone_do_not_matter(tone_corpus, trained):
    waveform = torch.from_numpy(tone_corpus.waveform(32))[None]
    quiet = trained.features(0.5 * waveform)
    loud = trained.features(waveform)
    assert (quiet - loud).abs().mean() < 0.05
    assert loud.mean(1).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("waveform", "language", "message"),
    [
        (np.zeros(2000), "fr", "has not learned 'fr', only de, en-us"),
        (np.zeros((2, 2000)), "de", "got shape \\(2, 2000\\)"),
        (np.zeros(100), "de", "more than 384 samples"),
    ],
)
def test_what_it_cannot_hear(trained, waveform, language, message):
    with pytest.raises(ValueError, match=message):
        trained.transcribe(waveform, language)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phones": ()}, "non-empty list without repetitions"),
        ({"phones": ("a", "a")}, "non-empty list without repetitions"),
        ({"languages": ()}, "at least one language"),
        ({"num_bands": 101}, "num_bands must be 1 to 100, got 101"),
    ],
)
def test_configurations_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        PhonemeRecognizerConfig(**({"phones": ("a",), "languages": ("de",)} | settings))


def test_examples_carry_the_frames_of_the_alignment(tone_corpus, trained):
    examples = load_examples(trained, tone_corpus, [0])
    classes = {phone: number + 1 for number, phone in enumerate(trained.config.phones)}
    tokens = slice(*tone_corpus.token_offsets[:2])
    numbers = [0, *(classes[sound] for sound in tone_corpus.phonemes[0]), 0]
    frames = np.repeat(numbers, tone_corpus.durations[tokens])
    assert examples.labels[0].tolist() == frames[::2].tolist()
    assert examples.targets[0].tolist() == numbers[1:-1]
    assert examples.features[0].dtype == torch.float16
    unaligned = replace(tone_corpus, durations=np.zeros_like(tone_corpus.durations))
    examples = load_examples(trained, unaligned, [0])
    assert set(examples.labels[0].tolist()) == {-100}
    ctc, frame = losses(trained, examples, np.array([0]), RECIPE, 0)
    assert torch.isfinite(ctc) and frame.item() == 0.0


def test_small_languages_are_drawn_more_often_but_not_endlessly(tone_corpus, trained):
    clips = [0, 1, 2, 4, 6, 8, 10, 12, 14, 16]  # one German clip, nine English ones
    examples = load_examples(trained, tone_corpus, clips)
    german = examples.language_ids == trained.config.languages.index("de")
    frames = np.array([len(features) for features in examples.features])
    share, other = frames[german].sum(), frames[~german].sum()
    weights = sampling_weights(examples, 0.5, 100.0)
    heard = weights * frames / (weights * frames).sum()
    assert heard[german].sum() == pytest.approx(
        share**0.5 / (share**0.5 + other**0.5)
    ) and weights.sum() == pytest.approx(1.0)
    assert sampling_weights(examples, 0.0, 2.0)[german][0] == pytest.approx(2 * weights[~german][0], rel=0.2)
    for rows, _ in zip(batches(examples, RECIPE), range(20), strict=False):
        assert len(rows) == 1 or frames[rows].max() * len(rows) <= RECIPE.batch_frames


def test_augmentation(trained):
    features = torch.randn(3, 40, 80, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    plain = replace(RECIPE, warp=0.0, masked_bands=0, masked_frames=0)
    torch.testing.assert_close(augment(features, plain, generator), features)
    masked = augment(features, replace(plain, masked_bands=10, masked_frames=10), generator)
    changed = masked != features
    assert (masked[changed] == 0).all() and 0 < changed.float().mean() < 0.4
    peak = torch.zeros(1, 1, 80)
    peak[..., 40] = 1.0
    moved = augment(peak.expand(50, -1, -1), replace(plain, warp=0.1), generator).argmax(-1)
    assert moved.min() >= 36 and moved.max() <= 45 and moved.min() < 40 < moved.max()


def test_corpora_without_what_is_needed(tone_corpus):
    with pytest.raises(ValueError, match="no transcribed clip in its validation split"):
        training_clips(tone_corpus, "validation")
    with pytest.raises(ValueError, match="no phone occurs 1000 times in 2 clips"):
        config_of_corpus(tone_corpus, [0, 1], 1000)


class EchoModel:
    """Stands for a synthesiser: a module that says something else in German."""

    def __init__(self, corpus):
        self.corpus, self.training, self.device = corpus, False, torch.device("cpu")
        self.config = type("Config", (), {"languages": ["en-us", "de", "it"]})()

    def eval(self):
        return self

    def train(self, mode=True):
        return self


def test_table_of_languages(tone_corpus, trained, monkeypatch):
    from valetts_hf.training.evaluation import evaluator, intelligibility

    def speak(self, model, clip, seed):
        assert self.style_of(model, clip) == self.corpus.languages[clip]  # the voice of the language
        wrong = tone_corpus.languages[clip] == "de"
        return evaluator.SpokenClip(tone_corpus.waveform(clip if not wrong else 47 - clip))

    monkeypatch.setattr(evaluator.Evaluator, "speak_tokens", speak)
    monkeypatch.setattr(intelligibility, "MIN_TRAINING_MINUTES", 0.0)
    seen = []
    rows = intelligibility_table(
        tone_corpus, EchoModel(tone_corpus), trained, lambda code: ("tone", code, code), count=8, report=seen.append
    )
    assert rows == seen
    english, german, italian = rows
    assert (
        english["clips"] == 8
        and english["judgeable"]
        and english["ratio"] in (None, 1.0)
        and english["voice"] == "tone"
    )
    assert english["human_per"] == english["synthesised_per"] < 20 < english["other_text_per"]
    assert german["synthesised_per"] > 30 > german["human_per"]
    assert not italian["judgeable"] and italian["why_not"] == "no human recordings with a transcript"
    assert not english["same_speaker"]
    own, other = (
        intelligibility_table(
            tone_corpus,
            EchoModel(tone_corpus),
            trained,
            lambda code: ("tone", code, code),
            languages=["en-us"],
            speaker_of=lambda voice, speaker=speaker: speaker,
        )[0]
        for speaker in ("tone", None)
    )
    assert own["same_speaker"] and not other["same_speaker"] and own["clips"] == other["clips"] == 8
    [row] = intelligibility_table(
        tone_corpus,
        EchoModel(tone_corpus),
        PhonemeRecognizer(replace(trained.config, languages=("en-us",))),
        lambda code: ("tone", code, code),
        languages=["de"],
    )
    assert row["why_not"] == "the recogniser has not learned it"


@pytest.mark.parametrize(
    ("row", "minutes", "expected"),
    [
        ({"clips": 8, "human_per": 60.0}, 5.0, None),
        ({"clips": 7, "human_per": 10.0}, 50.0, "too few held-out recordings (7, fewer than 8)"),
        ({"clips": 9, "human_per": 10.0}, 4.9, "too little human speech to learn from (4.9 min, less than 5)"),
        ({"clips": 9, "human_per": 60.1}, 50.0, "the recogniser fails on human speech (above 60 % errors)"),
    ],
)
def test_verdicts(row, minutes, expected):
    assert verdict(row, minutes) == expected


def test_range_of_the_ratio():
    references = [list("abab")] * 20
    human = [list("abac")] * 20
    worse = [list("cbac")] * 20
    assert error_ratio_range(human, worse, references) == (2.0, 2.0)
    mixed = [list("cbac"), list("abab")] * 10
    low, high = error_ratio_range(human, mixed, references)
    assert 0.4 < low < 1.0 < high < 1.6
    assert np.isnan(error_ratio_range(references, worse, references)).all()


def test_markdown_table():
    rows = [{"a": 1.23456, "b": [0.5, 2.0], "c": True}, {"a": float("nan"), "d": "x|y", "c": False}]
    assert markdown_table(rows, ["a", "b", "c", "d"]).splitlines() == [
        "| a | b | c | d |",
        "| --- | --- | --- | --- |",
        "| 1.23 | 0.5-2 | yes | - |",
        "| - | - | no | x/y |",
    ]
    assert markdown_table(rows).splitlines()[0] == "| a | b | c | d |"
