"""Enrolment: the quality gate and its clear outcomes, several clips, consent."""

from __future__ import annotations

import datetime
import re
import threading
import warnings
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from tests.conftest import voice_like
from valetts_hf.inference import ConsentError, QualityError, ValeTTS, VoiceError
from valetts_hf.voices.cache import VoiceCache
from valetts_hf.voices.clip_measures import measure
from valetts_hf.voices.enrolment import enroll_voice, list_clips
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
from valetts_hf.voices.quality_gate import (
    QualityReport,
    check_clip,
    check_clips_agree,
    check_speakers,
    examine_clip,
    largest_change,
    voice_spread,
)
from valetts_hf.voices.voicing import analyze_voicing, pitch_track


RATE = 24000
VOICE = voice_like(6.0, RATE)
MINE = {"name": "me", "consent": "my own voice"}


@pytest.fixture(scope="module")
def tts(tiny_checkpoint):
    return ValeTTS.from_pretrained(tiny_checkpoint, device="cpu")


def audio(samples, rate=RATE):
    return {"array": np.asarray(samples, dtype=np.float32), "sampling_rate": rate}


def melody(seconds=8.0):
    """Notes with overtones, each held for 0.4 s."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 220.0 * 2.0 ** (np.array([0, 4, 7, 12, 7, 4, 5, 9])[(time / 0.4).astype(int) % 8] / 12.0)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return 0.1 * sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 8))


def noise(seconds=8.0, level=0.1):
    return level * np.random.default_rng(0).standard_normal(round(seconds * RATE))


# ----------------------------------------------------------------------------------------------------------- a good voice


def test_a_voice_of_one_clip(tts, tmp_path):
    path = tmp_path / "me.wav"
    soundfile.write(path, VOICE, RATE)
    voice = tts.enroll(path, "Good morning, how are you?", source="my microphone", **MINE)
    assert voice.name == "me" and voice.consent == "my own voice" and voice.source == "my microphone"
    assert voice.consent_date == datetime.date.today().isoformat()
    assert voice.language == "en-us" and voice.checkpoint == checkpoint_fingerprint(tts.model)
    assert voice.metadata["clips"] == 1 and 5.0 < voice.metadata["speech_seconds"] <= 6.0
    np.testing.assert_allclose(voice.style, tts.encode_voice(path), atol=1e-4)
    assert tts.enroll(audio(VOICE), **MINE).content_hash != tts.enroll(audio(-0.5 * VOICE), **MINE).content_hash
    with pytest.raises(VoiceError, match="2 transcripts for 1 clips"):
        tts.enroll(path, ["a", "b"], **MINE)
    assert tts.enroll(path, language="pt-br", **MINE).language == "pt-br"


def test_the_language_is_that_of_the_transcripts_that_are_known(tts):
    voice = tts.enroll([audio(VOICE), audio(VOICE)], [None, "A balsa deixa o porto às sete horas da manhã."], **MINE)
    assert voice.language == "pt-br"
    assert tts.enroll([audio(VOICE)], [None], **MINE).language is None


def test_clips_count_by_their_speech(tts):
    long, short = voice_like(9.0, RATE), voice_like(3.2, RATE, 125)
    apart = [tts.enroll(audio(clip), quality="warn", **MINE) for clip in (long,)]
    with pytest.warns(UserWarning):
        apart.append(tts.enroll(audio(short), quality="warn", **MINE))
    both = tts.enroll([audio(long), audio(short)], **MINE)
    weights = [voice.metadata["speech_seconds"] for voice in apart]
    np.testing.assert_allclose(
        both.style, np.average([voice.style for voice in apart], axis=0, weights=weights), atol=1e-5
    )


def test_rates_channels_and_folders(tts, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.stack([voice_like(6.0, 44100)] * 2, axis=1), 44100)
    soundfile.write(tmp_path / "b.flac", voice_like(6.0, 16000), 16000)
    (tmp_path / "notes.txt").write_text("no audio")
    with pytest.warns(UserWarning, match="more than one speaker.*or were recorded very differently"):
        voice = tts.enroll(tmp_path, quality="warn", **MINE)  # the random encoder hears the band limit above all
    assert voice.metadata["clips"] == 2
    assert [path.name for path in list_clips([tmp_path])] == ["a.wav", "b.flac"]
    assert tts.enroll(VOICE, sampling_rate=RATE, **MINE).metadata["clips"] == 1


def test_the_same_recording_comes_out_of_the_cache(tts, tmp_path, monkeypatch):
    cache = VoiceCache(tmp_path)
    monkeypatch.setattr(tts._lookup, "cache", cache)
    first = tts.enroll(audio(VOICE), **MINE)
    assert cache.size()[0] == 1
    calls = []
    encode = tts.model.encode_style
    monkeypatch.setattr(tts.model, "encode_style", lambda mel, *mask: calls.append(mel.shape[1]) or encode(mel, *mask))
    np.testing.assert_array_equal(tts.enroll(audio(VOICE), **MINE).style, first.style)
    assert max(calls) < 300  # only the windows of the speaker check, none longer than 3 s
    tokens = tts.model.model.style_encoder.style_tokens.tokens
    with torch.no_grad():
        tokens.add_(0.5)
    try:
        assert not np.allclose(tts.enroll(audio(VOICE), **MINE).style, first.style)  # another style encoder
    finally:
        with torch.no_grad():
            tokens.sub_(0.5)


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (VOICE[: 2 * RATE], r"there are [12]\.\d s of speech in 1 clip.*at least 5 s"),
        (np.concatenate([VOICE[: 2 * RATE], np.zeros(8 * RATE), VOICE[:RATE]]), r"there are [23]\.\d s of speech"),
        (melody(), "stands still as notes do.*give speech without music"),
        (noise(), "0% of it has a pitch and 0% of it is pauses.*noise or music"),
        (VOICE + noise(6.0, 0.15), r"noise is only \d dB below the voice"),
        (np.clip(8 * VOICE, -0.9, 0.9), r"% of the samples are clipped.*less gain"),
        (
            np.concatenate([voice_like(5.0, RATE, 95), voice_like(5.0, RATE, 280)]),
            "more than one speaker.*semitones.*one person alone",
        ),
    ],
    ids=["two seconds", "long pause", "music", "noise", "noisy", "clipped", "two people"],
)
def test_recordings_that_make_no_voice(tts, samples, message):
    with pytest.raises(QualityError, match=message) as refused:
        tts.enroll(audio(samples), **MINE)
    assert refused.value.report.refused
    with pytest.warns(UserWarning, match=message):  # who insists gets the voice and hears the same
        voice = tts.enroll(audio(samples), quality="warn", **MINE)
    assert any(re.search(message, text) for text in voice.metadata["quality"])


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (audio(np.zeros(6 * RATE)), "cannot use the clip: .*silent"),
        (audio(np.full(6 * RATE, np.nan)), "cannot use the clip: .*NaN"),
        (audio(VOICE[: RATE // 4]), "cannot use the clip: .*s of speech"),
        ("no/such/file.wav", "cannot use 'file.wav': there is no audio file at 'no/such/file.wav'"),
        ({"array": VOICE, "sampling_rate": 24}, "sampling_rate must be"),
        (VOICE, "sampling rate of the audio array.*not known"),
        ([], "no clips were given"),
    ],
    ids=["silence", "nan", "short", "missing", "rate", "no rate", "none"],
)
def test_what_cannot_be_read(tts, clip, message):
    with pytest.raises(VoiceError, match=message):
        tts.enroll(clip, **MINE)


def test_a_folder_without_audio(tts, tmp_path):
    with pytest.raises(VoiceError, match="holds no audio"):
        tts.enroll(tmp_path, **MINE)


def test_recordings_of_a_telephone_in_a_folder_are_not_passed_over(tts, tmp_path):
    (tmp_path / "._b.wav").write_bytes(b"of another system")
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x18ftypM4A ")
    with pytest.raises(VoiceError, match=r"a\.m4a.*ffmpeg -i"):
        tts.enroll(tmp_path, **MINE)
    soundfile.write(tmp_path / "b.wav", VOICE, RATE)
    with pytest.warns(UserWarning, match=r"a\.m4a.*ffmpeg -i.*It is left out"):
        voice = tts.enroll(tmp_path, **MINE)
    assert [path.name for path in list_clips(tmp_path)] == ["a.m4a", "b.wav"] and voice.metadata["clips"] == 1


def test_a_voice_does_not_tell_where_its_recordings_lie(tts, tmp_path):
    soundfile.write(tmp_path / "ana.wav", voice_like(6.0, 8000), 8000)
    (tmp_path / "b.wav").write_bytes(b"damaged")
    with pytest.warns(UserWarning):
        voice = tts.enroll([tmp_path / "ana.wav", tmp_path / "b.wav"], **MINE)
    (noted,) = voice.metadata["quality"]
    assert noted.startswith("'ana.wav': there is nothing above")


def test_bad_clips_among_good_ones_are_left_out(tts):
    clips = [audio(VOICE), audio(np.zeros(6 * RATE)), audio(melody())]
    with pytest.warns(UserWarning) as said:
        voice = tts.enroll(clips, **MINE)
    assert voice.metadata["clips"] == 1
    texts = " ".join(str(warning.message) for warning in said)
    assert "clip 2" in texts and "silent" in texts and "clip 3" in texts and "It is left out" in texts
    with pytest.raises(QualityError, match="none of the clips can be used"):
        tts.enroll(clips[1:], **MINE)
    with pytest.warns(UserWarning) as said:
        assert tts.enroll([*clips[:1], clips[2]], quality="warn", **MINE).metadata["clips"] == 2  # taken all the same
    assert any("stands still as notes do" in str(warning.message) for warning in said)
    with pytest.raises(VoiceError, match="'gone.wav'"):  # a slip of the pen is no bad recording
        tts.enroll([*clips[:1], "gone.wav"], **MINE)


def test_two_hundred_clips(tts, monkeypatch):
    read = []
    from valetts_hf.voices import enrolment

    monkeypatch.setattr(enrolment, "ENOUGH_SECONDS", 20.0)
    examine = enrolment.examine_clip
    monkeypatch.setattr(enrolment, "examine_clip", lambda *arguments: read.append(1) or examine(*arguments))
    with pytest.warns(UserWarning, match=r"the first \d+ of 200 clips hold 20 s of speech, which is enough"):
        voice = tts.enroll([audio(VOICE)] * 200, **MINE)
    assert len(read) == voice.metadata["clips"] < 6


def test_what_is_read_of_a_long_recording_is_said(tts):
    with pytest.warns(UserWarning, match="the clip: .* is 66 s long .*only the 30 s with the most speech") as said:
        voice = tts.enroll(audio(np.tile(VOICE, 11)), **MINE)
    assert len(said) == 1 and voice.metadata["quality"] == [] and voice.metadata["speech_seconds"] < 30.1


def test_an_odd_clip_is_left_out(tts):
    exams = [examine_clip(tts.processor.feature_extractor, audio(VOICE), name=f"clip {number}") for number in range(4)]
    styles = np.eye(4) * 0.1 + np.array([1.0, 0, 0, 0])
    styles[2] = [0, 1, 0, 0]
    for exam, style in zip(exams, styles):
        exam.style = style
    report = QualityReport()
    kept = check_clips_agree(exams, 0.33, report)
    assert [exam.name for exam in kept] == ["clip 0", "clip 1", "clip 3"] and report.left_out == ["clip 2"]
    assert "clip 2 sounds unlike the other clips" in report.findings[0].text and not report.refused
    report = QualityReport()
    check_clips_agree(exams[1:3], 0.33, report)
    assert report.refused and "the clips sound like more than one speaker" in report.findings[0].text
    report = QualityReport()
    assert (
        len(check_clips_agree(exams[1:], 0.33, report)) == 3 and report.refused
    )  # of three, nobody knows whose it is
    exams[2] = replace(exams[2], speech_seconds=2.0)
    report = QualityReport()
    assert len(check_clips_agree(exams, 0.33, report)) == 4 and not report.findings  # too short to tell


@pytest.mark.parametrize(
    ("measures", "voicing", "verdict"),
    [
        ({}, {}, None),
        ({}, {"voiced": 0.3}, "warn"),  # a whisper
        ({}, {"pauses": 0.1}, "warn"),  # a fast reader
        ({}, {"voiced": 0.3, "pauses": 0.1}, "refuse"),  # nobody
        ({}, {"voiced": 0.1}, "refuse"),
        ({}, {"held": 0.2}, "warn"),
        ({"clipped": 0.01}, {}, "warn"),
        ({"clipped": 0.03}, {}, "refuse"),
    ],
)
def test_what_two_doubts_come_to(tts, measures, voicing, verdict):
    exam = examine_clip(tts.processor.feature_extractor, audio(VOICE))
    exam = replace(exam, measures=exam.measures | measures, voicing=replace(exam.voicing, **voicing))
    report = QualityReport()
    assert check_clip(exam, report) == (verdict != "refuse")
    assert [finding.verdict for finding in report.findings] == ([] if verdict is None else [verdict])


@pytest.mark.parametrize(
    ("angle", "f0", "verdict"), [(0.0, 120, None), (0.4, 120, "warn"), (0.0, 230, "warn"), (0.4, 230, "refuse")]
)
def test_a_change_within_a_clip(tts, angle, f0, verdict):
    both = np.concatenate([voice_like(5.0, RATE, 120), voice_like(5.0, RATE, f0)])
    exam = examine_clip(tts.processor.feature_extractor, audio(both))
    windows = iter(range(100))
    report = QualityReport()
    check_speakers(
        [exam], lambda _: np.array([np.cos(angle), np.sin(angle)]) if next(windows) > 1 else np.eye(2)[0], 0.33, report
    )
    assert [finding.verdict for finding in report.findings] == ([] if verdict is None else [verdict])


def test_telephones_and_whispers_are_warned_about(tts):
    extractor = tts.processor.feature_extractor
    for samples, rate, code in (
        (voice_like(6.0, 8000), 8000, "bandwidth"),
        (VOICE * 0.02, RATE, "level"),
    ):
        report = QualityReport()
        assert check_clip(examine_clip(extractor, audio(samples, rate)), report) and not report.refused
        assert [finding.code for finding in report.findings] == [code], report.findings


# --------------------------------------------------------------------------------------------------------------- consent


@pytest.mark.parametrize("consent", [None, "", "  ", "no", "yes", "None", 1, True])
def test_consent_is_never_assumed(tts, consent):
    with pytest.raises(ConsentError, match="a voice belongs to a person. Say how they agreed"):
        tts.enroll(audio(VOICE), name="me", consent=consent)


def test_other_arguments(tts):
    with pytest.raises(ValueError, match="quality must be 'refuse' or 'warn', got 'off'"):
        tts.enroll(audio(VOICE), quality="off", **MINE)
    with pytest.raises(VoiceError, match="a voice's name"):
        tts.enroll(audio(VOICE), name="a/b", consent="mine and mine alone")


# ---------------------------------------------------------------------------------------------------------------- measures


def test_pitch():
    strength, log_f0 = pitch_track(VOICE, RATE)
    voiced = strength > 0.6
    assert voiced.mean() > 0.3 and abs(np.exp(np.median(log_f0[voiced])) - 120) < 6
    for f0 in (75.0, 217.3, 440.0):  # the periods of two lie between the samples of the autocorrelation
        tone = sum(np.sin(2 * np.pi * f0 * k * np.arange(RATE) / RATE) / k for k in range(1, 6)).astype(np.float32)
        strength, log_f0 = pitch_track(tone, RATE)
        assert (strength[5:-5] > 0.9).all() and abs(np.exp(np.median(log_f0)) / f0 - 1) < 0.003
    hum = np.sin(2 * np.pi * 40.0 * np.arange(RATE) / RATE).astype(np.float32)
    assert (pitch_track(hum, RATE)[0] == 0).all()  # too low for a voice: a slope within the range, and no peak
    assert analyze_voicing(noise(2.0).astype(np.float32), RATE).voiced < 0.05
    assert np.isnan(analyze_voicing(noise(2.0).astype(np.float32), RATE).median_pitch)
    assert analyze_voicing(melody(2.0).astype(np.float32), RATE).held > 0.9
    quiet = np.clip(8 * VOICE, -0.9, 0.9)
    assert measure(quiet[:, None], quiet, RATE)["clipped"] > 0.02
    assert measure(0.5 * quiet[:, None], 0.5 * quiet, RATE)["clipped"] == 0.0  # too low to have been clipped here


def test_distances():
    assert voice_spread([]) == 0.33 and voice_spread(np.eye(3)) == 1.0
    first, second = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert largest_change(np.stack([first, first, second, second])) == pytest.approx(1.0)
    assert largest_change(np.stack([first, first, first])) == pytest.approx(0.0, abs=1e-9)
    assert largest_change(np.stack([first, *[second] * 7])) < 0.7  # one odd window at the end says less


def test_enrolment_in_threads_leaves_the_warnings_of_the_process_alone(tts):
    """Both at work at once, the second until the first has ended."""
    inside = [threading.Event(), threading.Event()]
    extractor = tts.processor.feature_extractor

    class Slow:
        max_seconds, crop_seconds, sampling_rate = extractor.max_seconds, extractor.crop_seconds, RATE

        def __init__(self, number):
            self.number = number

        def load(self, clip):
            inside[self.number].set()
            if self.number == 0:
                inside[1].wait(0.3)
            else:
                threads[0].join(5)
            return extractor.load(clip)

    threads = [threading.Thread(target=examine_clip, args=(Slow(number), audio(VOICE))) for number in (0, 1)]
    before = list(warnings.filters)
    threads[0].start()
    inside[0].wait(5)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_without_warnings_where_all_is_well(tts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        enroll_voice(tts.model, tts.processor, audio(VOICE), **MINE)
