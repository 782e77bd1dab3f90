"""The stock text-to-speech pipeline and `ValeTTSPipeline`: arguments, batches, references, errors."""

import numpy as np
import pytest
import torch
from transformers import pipeline
from transformers.pipelines.text_to_audio import TextToAudioPipeline

from tests.conftest import TINY_STYLE_SIZE
from valetts_hf import Sketch, Style, ValeTTS, ValeTTSPipeline, Voice, direct
from valetts_hf.direction.sketch_tokens import padded_curves
from valetts_hf.inference import MarkupError
from valetts_hf.inference.pipeline_inputs import sketch_over
from valetts_hf.processing.directed_text import DirectedText
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.library import VoiceLibrary


TEXTS = ["Yes.", "The ferry leaves the harbour at seven.", "Good morning, everybody!"]


@pytest.fixture(scope="module")
def stock(tiny_checkpoint):
    return pipeline("text-to-speech", model=str(tiny_checkpoint))


@pytest.fixture(scope="module")
def pipe(tiny_checkpoint):
    return pipeline("text-to-speech", model=str(tiny_checkpoint), pipeline_class=ValeTTSPipeline)


def same(first, second) -> None:
    assert first["sampling_rate"] == second["sampling_rate"] == 24000
    assert first["audio"].shape == second["audio"].shape
    np.testing.assert_allclose(first["audio"], second["audio"], atol=1e-5)


def alike(first: np.ndarray, second: np.ndarray) -> None:
    """Equal but for what the rounding errors of another batch do to the phase of seconds of sound."""
    assert first.shape == second.shape
    error = np.sqrt(np.mean((first - second) ** 2) / np.mean(first**2))
    assert error < 0.05, error


# ------------------------------------------------------------------------------------------------------ stock pipeline


def test_stock_pipeline_speaks(stock):
    assert type(stock) is TextToAudioPipeline
    assert stock.processor is not None  # transformers swallows its errors and goes on with the tokenizer
    result = stock("Bom dia!", forward_params={"seed": 0})
    assert result["sampling_rate"] == 24000
    assert result["audio"].dtype == np.float32 and result["audio"].ndim == 1 and len(result["audio"]) % 256 == 0
    assert np.isfinite(result["audio"]).all() and np.abs(result["audio"]).max() > 0


def test_stock_pipeline_takes_parameters(stock, voice_wav):
    plain = stock(TEXTS[1], forward_params={"seed": 1})
    same(plain, stock(TEXTS[1], forward_params={"seed": 1}))
    slow = stock(TEXTS[1], forward_params={"seed": 1, "speaking_rate": 0.5})
    assert len(slow["audio"]) > 1.5 * len(plain["audio"])
    german = stock(TEXTS[1], preprocess_params={"language": "de"}, forward_params={"seed": 1})
    assert len(german["audio"]) != len(plain["audio"]) or not np.allclose(german["audio"], plain["audio"])
    cloned = stock(TEXTS[1], preprocess_params={"audio": str(voice_wav)}, forward_params={"seed": 1})
    assert len(cloned["audio"]) != len(plain["audio"]) or not np.allclose(cloned["audio"], plain["audio"])


@pytest.mark.parametrize("preprocess_params", [{}, {"audio": None}, {"voice": "rui"}], ids=str)
def test_stock_pipeline_batches(stock, voice_wav, preprocess_params):
    if "audio" in preprocess_params:
        preprocess_params = {"audio": str(voice_wav)}
    parameters = {"preprocess_params": preprocess_params, "forward_params": {"seed": 2}}
    alone = stock(TEXTS, **parameters)
    batched = stock(TEXTS, batch_size=3, **parameters)
    longest = max(len(result["audio"]) for result in alone)
    for one, many in zip(alone, batched):
        assert len(many["audio"]) == longest  # the stock pipeline leaves the padding, which is silent
        alike(one["audio"], many["audio"][: len(one["audio"])])
        assert np.abs(many["audio"][len(one["audio"]) :]).max(initial=0.0) == 0.0


# ------------------------------------------------------------------------------------------------------ ValeTTSPipeline


def test_result_is_that_of_the_stock_pipeline(stock, pipe):
    assert type(pipe) is ValeTTSPipeline and pipe.processor is not None
    same(pipe(TEXTS[1], seed=3), stock(TEXTS[1], forward_params={"seed": 3}))
    same(pipe(TEXTS[1], forward_params={"seed": 3}), pipe(TEXTS[1], seed=3))


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_batches_are_trimmed(pipe, batch_size):
    alone = [pipe(text, seed=4) for text in TEXTS]
    assert len({len(result["audio"]) for result in alone}) == 3
    for one, many in zip(alone, pipe(TEXTS, seed=4, batch_size=batch_size)):
        alike(one["audio"], many["audio"])


def test_no_texts_are_no_speech(pipe):
    assert pipe([]) == []


def test_generator_of_texts(pipe):
    results = list(pipe((text for text in TEXTS), seed=4, batch_size=2))
    for text, result in zip(TEXTS, results):
        alike(pipe(text, seed=4)["audio"], result["audio"])


def test_controls_reach_the_model(pipe):
    plain = pipe(TEXTS[1], seed=5, noise_scale=0.0, duration_noise_scale=0.0)
    assert len(pipe(TEXTS[1], seed=5, speaking_rate=2.0)["audio"]) < 0.7 * len(plain["audio"])
    for control in ({"pitch_shift": 6.0}, {"energy_shift": 6.0}, {"noise_scale": 1.5}):
        changed = pipe(TEXTS[1], **{"seed": 5, "noise_scale": 0.0, "duration_noise_scale": 0.0, **control})
        assert changed["audio"].shape == plain["audio"].shape, control
        assert not np.allclose(changed["audio"], plain["audio"], atol=1e-6), control


def test_directed_texts_and_plain_ones_meet_in_a_batch(pipe, stock):
    directed = direct(TEXTS[1]).throughout(pitch_shift=3).throughout(speaking_rate=0.5)
    still = {"seed": 5, "noise_scale": 0.0, "duration_noise_scale": 0.0}
    texts = [directed, TEXTS[1], {"text": directed, "pause_scale": 2.0}]
    alone = [pipe(text, **still) for text in texts]
    assert len(alone[0]["audio"]) == pytest.approx(2 * len(alone[1]["audio"]), rel=0.05)
    for one, many in zip(alone, pipe(texts, **still, batch_size=3)):
        alike(one["audio"], many["audio"])
    same(alone[0], stock(directed, forward_params=still))
    # a call's own numbers come on top of the text's
    same(alone[1], pipe(direct(TEXTS[1]).throughout(speaking_rate=0.5), speaking_rate=2.0, **still))


def test_ssml(pipe, stock):
    document = f'<speak><prosody rate="50%">{TEXTS[0]}</prosody></speak>'
    still = {"seed": 5, "noise_scale": 0.0, "duration_noise_scale": 0.0}
    slow = pipe(document, ssml=True, **still)
    assert len(slow["audio"]) > 1.7 * len(pipe(TEXTS[0], **still)["audio"])
    same(slow, stock(document, preprocess_params={"ssml": True}, forward_params=still))


# what no random number moves, so that differences are those of the arguments
STILL = {"noise_scale": 0.0, "duration_noise_scale": 0.0, "seed": 5}
RISE = {"format": "valetts-sketch", "version": 1, "pitch": {"unit": "semitones", "values": [-4.0, 6.0]}}


def test_styles_in_every_form(pipe, tiny_checkpoint, voice_wav):
    plain = pipe(TEXTS[1], **STILL)
    styled = pipe(TEXTS[1], style="token:1*1.5", **STILL)
    assert len(styled["audio"]) != len(plain["audio"]) or not np.allclose(styled["audio"], plain["audio"])
    same(pipe(TEXTS[1], style=Style.parse("token:1*1.5"), **STILL), styled)
    same(pipe(TEXTS[1], style=Style.parse("token:1*1.5").to_dict(), **STILL), styled)
    same(pipe({"text": TEXTS[1], "style": "token:1*1.5"}, **STILL), styled)
    same(pipe(TEXTS[1], style="neutral", **STILL), plain)
    heard = pipe(TEXTS[1], style=str(voice_wav), **STILL)
    assert len(heard["audio"]) != len(plain["audio"]) or not np.allclose(heard["audio"], plain["audio"])
    default = pipeline(
        "text-to-speech", model=str(tiny_checkpoint), pipeline_class=ValeTTSPipeline, style="token:1*1.5", **STILL
    )
    same(default(TEXTS[1]), styled)
    same(default(TEXTS[1], style="neutral"), plain)


def test_styles_and_sketches_are_those_of_the_sdk(pipe, tiny_checkpoint, monkeypatch):
    tts = ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")
    made, generate = [], tts.model.generate_latents
    monkeypatch.setattr(
        tts.model, "generate_latents", lambda *args, **kw: made.append(generate(*args, **kw)) or made[-1]
    )
    for arguments in ({}, {"style": "token:1*1.5"}, {"sketch": RISE}, {"style": "token:2", "sketch": RISE}):
        tts(TEXTS[1], "en-us", noise_scale=0.0, seed=5, pauses="text", **arguments)
        with torch.inference_mode():
            expected = tts.model.decode(
                *(made[-1][name] for name in ("latents", "pitch", "style")), gain=made[-1].gain
            )
        found = pipe(TEXTS[1], language="en-us", **STILL, **arguments)["audio"]
        np.testing.assert_allclose(found, expected[0].numpy(), atol=1e-4)


def test_a_sketch_is_that_of_the_model(pipe, stock):
    drawn = pipe(TEXTS[1], sketch=RISE, **STILL)
    same(pipe(TEXTS[1], sketch=Sketch.from_dict(RISE), **STILL), drawn)
    same(pipe({"text": TEXTS[1], "sketch": RISE}, **STILL), drawn)
    inputs = pipe.processor(TEXTS[1], return_tensors="pt")
    curves = sketch_over(Sketch.from_dict(RISE), pipe.tokenizer, TEXTS[1], None)
    assert len(curves.pitch) == inputs["input_ids"].shape[1]
    assert np.isnan(curves.pitch[[0, -1]]).all() and np.nanmin(np.diff(curves.pitch)) > 0
    sketch = {name: torch.from_numpy(array) for name, array in padded_curves([curves], len(curves.pitch)).items()}
    with torch.no_grad():
        expected = pipe.model(**inputs, **sketch, **STILL)
    np.testing.assert_allclose(drawn["audio"], expected.waveform[0].numpy(), atol=1e-5)
    plain = pipe(TEXTS[1], **STILL)
    assert drawn["audio"].shape == plain["audio"].shape and not np.allclose(drawn["audio"], plain["audio"], atol=1e-4)


@pytest.mark.parametrize("batch_size", [2, 5])
def test_texts_with_and_without_style_and_sketch_meet_in_a_batch(pipe, batch_size):
    items = [
        {"text": TEXTS[1], "style": "token:1*1.5"},
        TEXTS[0],
        {"text": TEXTS[2], "sketch": RISE},
        {"text": TEXTS[1], "style": "token:2", "sketch": RISE, "voice": "rui"},
        {"text": '<speak><express-as style="token:3">Yes.</express-as></speak>', "ssml": True},
    ]
    alone = [pipe(item, **STILL) for item in items]
    for one, many in zip(alone, pipe(items, **STILL, batch_size=batch_size)):
        alike(one["audio"], many["audio"])
    same(alone[4], pipe("Yes.", style="token:3", **STILL))
    # what a text asks for itself comes first
    same(alone[4], pipe(items[4], style="token:1", **STILL))


def test_ssml_names_voices_of_the_checkpoint_and_of_the_user(pipe, tmp_path, monkeypatch):
    document = '<speak><voice name="{}">Yes.</voice></speak>'
    same(pipe(document.format("rui"), ssml=True, **STILL), pipe("Yes.", voice="rui", **STILL))
    mine = Voice("mine", torch.linspace(-1, 1, TINY_STYLE_SIZE), checkpoint=checkpoint_fingerprint(pipe.model))
    monkeypatch.setenv("VALETTS_HOME", str(tmp_path))
    mine.save_pretrained(VoiceLibrary().path("mine"))
    same(pipe(document.format("mine"), ssml=True, **STILL), pipe("Yes.", voice=mine, **STILL))
    with pytest.raises(MarkupError, match="line 1, column 21: .*unknown voice 'nobody'"):
        pipe(document.format("nobody"), ssml=True)
    with pytest.raises(MarkupError, match="line 1, column 27: .*there is no token 9"):
        pipe('<speak><express-as style="token:9">Yes.</express-as></speak>', ssml=True)


def test_the_processor_alone_knows_no_styles(stock):
    with pytest.raises(MarkupError, match="line 1, column 27: .*speak with ValeTTS or ValeTTSPipeline"):
        stock('<speak><express-as style="calm">Yes.</express-as></speak>', preprocess_params={"ssml": True})
    with pytest.raises(ValueError, match=r"text\[0\] has the style 'calm': .*ValeTTSPipeline"):
        stock(DirectedText("Yes.", style="calm"))


def test_defaults_from_construction(tiny_checkpoint, pipe):
    slow = pipeline(
        "text-to-speech",
        model=str(tiny_checkpoint),
        pipeline_class=ValeTTSPipeline,
        speaking_rate=0.5,
        seed=6,
        language="de",
    )
    same(slow(TEXTS[1]), pipe(TEXTS[1], speaking_rate=0.5, seed=6, language="de"))
    same(slow(TEXTS[1], language="en-us"), pipe(TEXTS[1], speaking_rate=0.5, seed=6, language="en-us"))
    same(slow(TEXTS[1], speaking_rate=1.0, seed=7), pipe(TEXTS[1], seed=7, language="de"))


def test_a_voice_of_the_call_replaces_the_default_one(tiny_checkpoint, pipe, voice_wav):
    def make(**defaults):
        model = str(tiny_checkpoint)
        return pipeline("text-to-speech", model=model, pipeline_class=ValeTTSPipeline, seed=6, **defaults)

    ada, cloned = pipe(TEXTS[1], voice="ada", seed=6), pipe(TEXTS[1], reference_audio=str(voice_wav), seed=6)
    with_reference, with_voice = make(reference_audio=str(voice_wav)), make(voice="ada")
    same(with_reference(TEXTS[1]), cloned)
    same(with_reference(TEXTS[1], voice="ada"), ada)
    same(with_voice(TEXTS[1]), ada)
    same(with_voice(TEXTS[1], reference_audio=str(voice_wav)), cloned)


def test_reference_audio_in_every_form(pipe, voice_wav):
    import soundfile

    samples, rate = soundfile.read(voice_wav, dtype="float32")
    expected = pipe(TEXTS[1], reference_audio=str(voice_wav), seed=7)
    same(pipe(TEXTS[1], reference_audio=samples, sampling_rate=rate, seed=7), expected)
    same(pipe(TEXTS[1], reference_audio=torch.from_numpy(samples), sampling_rate=rate, seed=7), expected)
    same(pipe(TEXTS[1], reference_audio={"array": samples, "sampling_rate": rate}, seed=7), expected)
    same(pipe(TEXTS[1], voice=str(voice_wav), seed=7), expected)
    default = pipe(TEXTS[1], seed=7)
    assert len(default["audio"]) != len(expected["audio"]) or not np.allclose(default["audio"], expected["audio"])


def test_reference_audio_is_read_once_for_all_texts(pipe, voice_wav, monkeypatch):
    reads = []
    load = type(pipe.processor.feature_extractor).load
    monkeypatch.setattr(
        type(pipe.processor.feature_extractor), "load", lambda *args, **kw: reads.append(1) or load(*args, **kw)
    )
    batched = pipe(TEXTS, reference_audio=str(voice_wav), seed=8, batch_size=3)
    assert len(reads) == 1
    alike(batched[0]["audio"], pipe(TEXTS[0], reference_audio=str(voice_wav), seed=8)["audio"])


def test_voices(pipe):
    ada, rui = pipe(TEXTS[1], voice="ada", seed=9), pipe(TEXTS[1], voice="rui", seed=9)
    assert len(ada["audio"]) != len(rui["audio"]) or not np.allclose(ada["audio"], rui["audio"])
    same(pipe(TEXTS[1], seed=9, language="en-us"), ada)  # the default of the language
    same(pipe(TEXTS[1], voice=np.array(pipe.processor.voices["rui"]["style"]), seed=9), rui)


def test_texts_with_settings_of_their_own(pipe, voice_wav):
    items = [
        {"text": TEXTS[1], "language": "de"},
        {"text": TEXTS[1], "voice": "rui"},
        {"text": TEXTS[1], "reference_audio": str(voice_wav)},
        {"text": TEXTS[1]},
    ]
    results = pipe(items, language="en-us", seed=10)
    same(results[0], pipe(TEXTS[1], language="de", seed=10))
    same(results[1], pipe(TEXTS[1], language="en-us", voice="rui", seed=10))
    same(results[2], pipe(TEXTS[1], language="en-us", reference_audio=str(voice_wav), seed=10))
    same(results[3], pipe(TEXTS[1], language="en-us", seed=10))
    for one, many in zip(results, pipe(items, language="en-us", seed=10, batch_size=4)):
        alike(one["audio"], many["audio"])
    weights = torch.tensor([[0.0, 1.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="cannot share a batch: use batch_size=1"):
        pipe(items, seed=10, batch_size=4, style_token_weights=weights)
    alone = pipe(items[2], language="en-us", seed=10, style_token_weights=weights)
    assert len(alone["audio"]) != len(results[2]["audio"]) or not np.allclose(alone["audio"], results[2]["audio"])


def test_languages_without_a_default_voice_can_share_a_batch(pipe):
    texts = ["Good morning, everybody!", "Guten Morgen, wie geht es Ihnen heute?", "Bom dia, como vai você?"]
    for text, result in zip(texts, pipe(texts, seed=11, batch_size=3)):
        alike(pipe(text, seed=11)["audio"], result["audio"])


def test_half_precision(tiny_checkpoint):
    pipe = pipeline("text-to-speech", model=str(tiny_checkpoint), dtype=torch.bfloat16, pipeline_class=ValeTTSPipeline)
    audio = pipe(TEXTS[1], seed=12)["audio"]
    assert audio.dtype == np.float32 and np.isfinite(audio).all()


# --------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "arguments,error,message",
    [
        ({"speed": 2}, TypeError, "unknown argument speed: choose among reference_audio, .* speaking_rate"),
        ({"generate_kwargs": {"do_sample": True}}, ValueError, r"generate_kwargs \(do_sample\) has no meaning"),
        ({"language": "klingon"}, ValueError, "'klingon' is not supported. Choose one of: en-us"),
        ({"voice": "adda"}, ValueError, "no voice 'adda'. Did you mean 'ada'"),
        ({"voice": "ada", "reference_audio": "me.wav"}, ValueError, "both voice and reference_audio"),
        ({"reference_audio": "nobody.wav"}, FileNotFoundError, "no audio file at 'nobody.wav'"),
        ({"reference_audio": np.zeros(9000)}, ValueError, "sampling rate"),
        ({"reference_audio": ["a.wav", "b.wav"]}, FileNotFoundError, "a.wav"),
        ({"speaking_rate": 0.0}, ValueError, "speaking_rate"),
        ({"speaking_rate": 9}, ValueError, "speaking_rate must be between 0.25 and 4, got 9"),
        ({"energy_shift": "loud"}, TypeError, "energy_shift must be a number, got 'loud'"),
        ({"pauses": "none"}, ValueError, "pauses must be one of 'model', 'text', got 'none'"),
        ({"seed": -1}, ValueError, "seed must be between 0 and"),
        ({"seed": True}, TypeError, "seed must be an integer or None, got True"),
        ({"style": "token:99"}, ValueError, "there is no token 99"),
        ({"sketch": "nowhere.json"}, FileNotFoundError, "there is no sketch 'nowhere.json'"),
        ({"sketch": 3}, TypeError, "a sketch is a Sketch, a dictionary or the path"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_errors_name_the_value_and_the_remedy(pipe, arguments, error, message):
    with pytest.raises(error, match=message):
        pipe(TEXTS[0], **arguments)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_empty_text(pipe, stock, text):
    for speak in (pipe, stock):
        with pytest.raises(ValueError, match="empty"):
            speak(text)


def test_bad_items(pipe):
    with pytest.raises(ValueError, match="needs the key 'text', got the keys .*language"):
        pipe([{"language": "de"}])
    with pytest.raises(ValueError, match="unknown keys speed"):
        pipe([{"text": "Yes.", "speed": 2}])
    with pytest.raises(TypeError, match="text must be a string or a list of strings, got int"):
        pipe([17])


def test_references_must_be_one_clip(pipe, voice_wav):
    with pytest.raises(ValueError, match="must be one clip, got 2"):
        pipe(TEXTS[0], reference_audio=[str(voice_wav)] * 2)


def test_reference_audio_needs_a_processor(pipe, monkeypatch):
    monkeypatch.setattr(pipe, "processor", None)
    with pytest.raises(ValueError, match="needs the checkpoint's processor"):
        pipe(TEXTS[0], reference_audio="me.wav")
