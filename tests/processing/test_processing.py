"""The processor: text, languages, voices and reference audio to model inputs, saved and loaded; every error."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, BatchFeature

from valetts_hf import ValeTTSFeatureExtractor, ValeTTSProcessor, ValeTTSTokenizer
from valetts_hf.processing.languages import LANGUAGES, language_id


TEXT = "The ferry leaves the harbour at seven."
STYLES = {"ada": [0.5, -1.25, 3.0], "rui": [0.1, 0.2, 0.3]}


def make_processor(default_voices=None):
    voices = {
        "ada": {"language": "en-us", "description": "A made-up voice.", "style": STYLES["ada"]},
        "rui": {"language": "pt-br", "style": np.array(STYLES["rui"], dtype=np.float32)},
    }
    return ValeTTSProcessor(ValeTTSFeatureExtractor(), ValeTTSTokenizer(), voices, default_voices)


@pytest.fixture(scope="module")
def processor():
    return make_processor()


@pytest.fixture(scope="module")
def with_defaults():
    return make_processor({"en-us": "ada", "pt-br": "rui"})


@pytest.fixture(scope="module")
def clip(voice_wav):
    return str(voice_wav)


# ------------------------------------------------------------------------------------------------------------------ text


def test_text_alone(processor):
    inputs = processor(TEXT, return_tensors="pt")
    assert type(inputs) is BatchFeature
    assert sorted(inputs) == ["attention_mask", "input_ids", "language_ids"]
    expected = processor.tokenizer(TEXT, return_tensors="pt")
    for name, value in inputs.items():
        assert value.dtype == torch.int64 and value.shape == inputs["input_ids"].shape == (1, value.shape[1])
        assert torch.equal(value, expected[name])


def test_language_is_detected_or_given(processor):
    assert set(processor("Guten Morgen, wie geht es Ihnen heute?", return_tensors="np")["language_ids"][0]) == {
        language_id("de")
    }
    for name, kwargs in {"flat": {"language": "fr"}, "grouped": {"text_kwargs": {"language": "fr"}}}.items():
        inputs = processor(TEXT, return_tensors="np", **kwargs)
        assert set(inputs["language_ids"][0]) == {language_id("fr")}, name


@pytest.mark.parametrize("return_tensors", ["pt", "np"])
def test_batch_of_texts_and_languages(processor, return_tensors):
    texts = [TEXT, "Ja.", "Sim, claro."]
    inputs = processor(texts, language=("en-gb", "de", "pt"), return_tensors=return_tensors)
    assert isinstance(inputs["input_ids"], torch.Tensor if return_tensors == "pt" else np.ndarray)
    assert len({len(row) for row in processor(texts, padding=False)["input_ids"]}) > 1
    for row, (text, code) in enumerate(zip(texts, ("en-gb", "de", "pt-br"))):
        alone = processor(text, language=code, return_tensors=return_tensors)
        length = alone["input_ids"].shape[1]
        assert inputs["attention_mask"][row].sum() == length
        assert (inputs["input_ids"][row][:length] == alone["input_ids"][0]).all()
        assert (inputs["language_ids"][row][:length] == language_id(code)).all()
        assert (inputs["input_ids"][row][length:] == processor.tokenizer.pad_token_id).all()


def test_analysis_is_the_tokenizers(processor):
    segments = processor.analyze(TEXT, language="en-us")
    assert [segment.language for segment in segments] == ["en-us"]
    assert [word.text for word in segments[0].words][:2] == ["The", "ferry"]
    assert "".join(segment.text for segment in processor.analyze(TEXT)) == TEXT


# ----------------------------------------------------------------------------------------------------------------- audio


def test_reference_audio(processor, clip):
    inputs = processor(TEXT, audio=clip, return_tensors="pt")
    expected = processor.feature_extractor(clip, return_tensors="pt")
    assert set(inputs) == set(processor.model_input_names)
    assert torch.equal(inputs["reference_mel"], expected["reference_mel"])
    assert torch.equal(inputs["reference_mask"], expected["reference_mask"])


def test_rate_of_bare_arrays(processor, clip):
    import soundfile

    samples, rate = soundfile.read(clip, dtype="float32")
    expected = processor(TEXT, audio=clip, return_tensors="pt")["reference_mel"]
    for kwargs in (
        {"sampling_rate": rate},
        {"audio_kwargs": {"sampling_rate": rate}},
        {"common_kwargs": {"return_tensors": "pt"}, "audio_kwargs": {"sampling_rate": rate}},
    ):
        given = processor(TEXT, audio=samples, **{"return_tensors": "pt", **kwargs})["reference_mel"]
        torch.testing.assert_close(given, expected, atol=1e-4, rtol=0)
    item = {"array": samples, "sampling_rate": rate}
    torch.testing.assert_close(processor(audio=item, return_tensors="pt")["reference_mel"], expected)


def test_one_clip_for_all_texts_or_one_each(processor, clip):
    shared = processor([TEXT, "Yes."], audio=clip, return_tensors="pt")
    assert shared["reference_mel"].shape[0] == shared["reference_mask"].shape[0] == 2
    assert torch.equal(shared["reference_mel"][0], shared["reference_mel"][1])
    own = processor([TEXT, "Yes."], audio=[clip, clip], return_tensors="pt")
    assert torch.equal(own["reference_mel"], shared["reference_mel"])
    lists = processor([TEXT, "Yes."], audio=clip)
    assert len(lists["reference_mel"]) == 2


# ---------------------------------------------------------------------------------------------------------------- voices


def test_voice_by_name(processor):
    inputs = processor([TEXT, "Yes."], voice="ada", return_tensors="pt")
    assert inputs["style"].dtype == torch.float32
    assert inputs["style"].tolist() == [STYLES["ada"]] * 2
    each = processor([TEXT, "Yes."], voice=["rui", "ada"], return_tensors="pt")["style"]
    torch.testing.assert_close(each, torch.tensor([STYLES["rui"], STYLES["ada"]]))
    assert processor(voice="ada")["style"].tolist() == [STYLES["ada"]]


@pytest.mark.parametrize(
    "kind", [np.array, torch.tensor, list, lambda style: {"style": style}], ids=["array", "tensor", "list", "dict"]
)
def test_voice_as_a_vector(processor, kind):
    assert processor(TEXT, voice=kind(STYLES["ada"]), return_tensors="pt")["style"].tolist() == [STYLES["ada"]]


def test_voice_as_an_object(processor):
    voice = type("Voice", (), {"style": STYLES["ada"]})()
    assert processor(TEXT, voice=voice, return_tensors="pt")["style"].tolist() == [STYLES["ada"]]


def test_voices_as_rows(processor):
    rows = torch.tensor([STYLES["ada"], STYLES["rui"]])
    assert torch.equal(processor([TEXT, "Yes."], voice=rows, return_tensors="pt")["style"], rows)


def test_voice_as_audio(processor, clip, voice_wav):
    expected = processor(TEXT, audio=clip, return_tensors="pt")
    for voice in (clip, voice_wav, [clip], {"path": clip}):
        inputs = processor([TEXT] if isinstance(voice, list) else TEXT, voice=voice, return_tensors="pt")
        assert set(inputs) == set(expected)
        assert torch.equal(inputs["reference_mel"], expected["reference_mel"])


def test_default_voices(with_defaults):
    def style(text, **kwargs):
        return with_defaults(text, return_tensors="pt", **kwargs)["style"]

    assert with_defaults(TEXT, language="pt")["style"].tolist() == [torch.tensor(STYLES["rui"]).tolist()]
    ada, rui = torch.tensor(STYLES["ada"]), torch.tensor(STYLES["rui"])
    assert torch.equal(style(TEXT, language="en-us")[0], ada)
    assert torch.equal(style(TEXT, language="en-gb")[0], ada)  # another country
    assert torch.equal(style("Olá, bom dia para todos!", language="pt")[0], rui)
    assert torch.equal(style("Guten Morgen!", language="de")[0], ada)  # none: the first
    languages = ["pt-pt", "pl", "en-us"]
    rows = style([TEXT] * 3, language=languages)
    assert torch.equal(rows, torch.cat([style(TEXT, language=code) for code in languages]))
    assert torch.equal(style(TEXT, language="en-us", voice="rui")[0], rui)


def test_no_voice_means_none(processor, with_defaults, clip):
    assert "style" not in processor(TEXT)
    assert "style" not in with_defaults(TEXT, audio=clip)
    assert "style" not in with_defaults(audio=clip)
    assert processor.default_voice("en-us") is None
    assert [with_defaults.default_voice(code) for code in ("en-us", "en-gb", "pt-pt", "de")] == [
        "ada",
        "ada",
        "rui",
        "ada",
    ]


# ------------------------------------------------------------------------------------------------------------ save, load


def test_round_trip_is_exact(tmp_path, clip):
    style = np.random.default_rng(0).standard_normal(128).astype(np.float32)
    voices = {"eva": {"language": "de", "description": "Ä voice — “quoted”", "style": style}}
    first = ValeTTSProcessor(
        ValeTTSFeatureExtractor(target_level=-20.0), ValeTTSTokenizer(), voices, {code: "eva" for code in LANGUAGES}
    )
    first.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "processor_config.json").read_text())
    assert saved["voices"]["eva"]["description"] == voices["eva"]["description"]
    for second in (ValeTTSProcessor.from_pretrained(tmp_path), AutoProcessor.from_pretrained(tmp_path)):
        assert second.voices == first.voices and second.default_voices == first.default_voices
        np.testing.assert_array_equal(np.float32(second.voices["eva"]["style"]), style)
        assert {**second.to_dict(), "auto_map": None} == {**first.to_dict(), "auto_map": None}  # loading drops it
        for kwargs in ({}, {"audio": clip}):
            ours, theirs = first(TEXT, **kwargs, return_tensors="pt"), second(TEXT, **kwargs, return_tensors="pt")
            assert set(ours) == set(theirs)
            assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_voices_can_be_given_when_loading(tmp_path, processor):
    processor.save_pretrained(tmp_path)
    loaded = ValeTTSProcessor.from_pretrained(tmp_path, default_voices={"en-us": "rui"})
    assert loaded.default_voices == {"en-us": "rui"}


# --------------------------------------------------------------------------------------------------------------- errors

BAD_CALLS = [
    ({}, ValueError, "nothing to process"),
    ({"text": ""}, ValueError, "^text is empty: pass something to say"),
    ({"text": ["Yes.", " \n"]}, ValueError, r"text\[1\] is empty"),
    ({"text": []}, ValueError, "empty list"),
    ({"text": 3}, TypeError, "a string or a list of strings, got int"),
    ({"text": ["Yes.", None]}, TypeError, r"text\[1\] must be a string, got NoneType"),
    ({"text": [["Yes", "."]]}, TypeError, r"text\[0\] must be a string, got list"),
    ({"text": TEXT, "language": "xx"}, ValueError, "'xx' is not supported. Choose one of: en-us"),
    ({"text": TEXT, "language": 3}, TypeError, "language must be a code such as 'en-us' or a list of them, got 3"),
    ({"text": [TEXT] * 3, "language": ["de", "fr"]}, ValueError, "2 languages for 3 texts"),
    ({"text": TEXT, "voice": "adda"}, ValueError, "no voice 'adda'. Did you mean 'ada'. Voices of this .*: ada, rui;"),
    ({"text": TEXT, "voice": "nobody.wav"}, FileNotFoundError, "no audio file at 'nobody.wav'"),
    ({"text": TEXT, "voice": "voices/nobody"}, FileNotFoundError, "no audio file at 'voices/nobody'"),
    ({"text": TEXT, "voice": "ada", "audio": "me.wav"}, ValueError, "both audio and voice were given"),
    ({"text": TEXT, "voice": []}, ValueError, "voice is an empty list"),
    ({"text": TEXT, "voice": 3.5}, TypeError, "a voice is a name, .* got float: '3.5'"),
    ({"text": TEXT, "voice": np.zeros((2, 2, 2))}, TypeError, r"has shape \(H,\) .* got shape \(2, 2, 2\)"),
    (
        {"text": TEXT, "voice": np.zeros(24000)},
        ValueError,
        "24000 numbers looks like audio samples: pass them as audio=",
    ),
    ({"text": TEXT, "voice": np.zeros(5)}, ValueError, "this checkpoint has 3 numbers, got 5"),
    ({"text": TEXT, "voice": [0.0, np.nan, 0.0]}, ValueError, "NaN or infinite"),
    ({"text": [TEXT] * 3, "voice": ["ada", "rui"]}, ValueError, "2 voices for 3 texts"),
    ({"text": [TEXT] * 3, "voice": np.zeros((2, 3))}, ValueError, "2 style vectors for 3 texts"),
    ({"text": [TEXT] * 2, "voice": ["ada", "me.wav"]}, ValueError, "cannot be mixed in one call"),
    ({"text": [TEXT] * 3, "audio": ["a.wav", "b.wav"]}, ValueError, "2 clips of reference audio for 3 texts"),
    ({"text": TEXT, "audio": np.zeros(24000)}, ValueError, "sampling rate"),
    ({"text": TEXT, "audio": np.zeros(24000), "sampling_rate": 24000}, ValueError, "silent"),
]


@pytest.mark.parametrize("arguments,error,message", BAD_CALLS, ids=[row[2][:30] for row in BAD_CALLS])
def test_errors_name_the_value_and_the_remedy(processor, arguments, error, message):
    with pytest.raises(error, match=message):
        processor(**arguments)


@pytest.mark.parametrize(
    "voices,default_voices,message",
    [
        ({"eva": {"language": "de"}}, None, r"voices\['eva'\] must be a dictionary with a 'style' vector"),
        ({"eva": [1.0]}, None, r"voices\['eva'\] must be a dictionary"),
        ({"eva": {"style": [[1.0]]}}, None, r"finite numbers of shape \(H,\), got shape \(1, 1\)"),
        ({"eva": {"style": [np.inf]}}, None, "finite numbers"),
        ({"a": {"style": [1.0]}, "b": {"style": [1.0, 2.0]}}, None, r"must have one length, got \[1, 2\]"),
        ({"eva": {"style": [1.0]}}, {"de": "evi"}, r"default_voices\['de'\] is 'evi', which is not in voices \(eva\)"),
    ],
)
def test_bad_voices(voices, default_voices, message):
    with pytest.raises(ValueError, match=message):
        ValeTTSProcessor(ValeTTSFeatureExtractor(), ValeTTSTokenizer(), voices, default_voices)


def test_unspeakable_text_is_refused(processor):
    with pytest.raises(ValueError):
        processor("😀🎉")
