"""From recordings of a person to a voice: quality gate, style vectors, their mean, consent.

A voice is made of at least 5 s of speech. Several clips count by how much speech they hold; one that sounds unlike the
others is left out. Nobody's voice is made without a statement that they agreed. H width of the style vector.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch

from valetts_hf.processing.audio_input import is_url
from valetts_hf.processing.audio_mel import log_mel_spectrogram
from valetts_hf.processing.feature_extraction_valetts import is_clip_list
from valetts_hf.voices.cache import VoiceCache, cache_key
from valetts_hf.voices.errors import ConsentError, QualityError, VoiceError
from valetts_hf.voices.fingerprint import checkpoint_fingerprint, style_fingerprint
from valetts_hf.voices.places import AUDIO_ENDINGS, is_audio_name
from valetts_hf.voices.quality_gate import (
    ENOUGH_SECONDS,
    MIN_SPEECH_SECONDS,
    REFUSE,
    WARN,
    ClipExam,
    QualityReport,
    check_clip,
    check_clips_agree,
    check_speakers,
    examine_clip,
    voice_spread,
)
from valetts_hf.voices.voice import Voice, check_name
from valetts_hf.voices.voice_folder import portable_base


HOW_TO_CONSENT = (
    "a voice belongs to a person. Say how they agreed, for example consent='my own voice' or consent='Ana Silva agreed in "
    "writing on 2026-03-01 to the use in our audio guide'. It is written into the voice with today's date."
)
_NOT_NOTED = ("enough", "cut", "unreadable")  # findings that say nothing about what the voice is made of


def enroll_voice(
    model: Any,
    processor: Any,
    clips: Any,
    transcripts: str | Sequence[str | None] | None = None,
    *,
    name: str,
    consent: str | None,
    language: str | None = None,
    source: str | None = None,
    sampling_rate: int | None = None,
    quality: str = REFUSE,
    warn: bool = True,
    cache: VoiceCache | None = None,
) -> Voice:
    """Make a voice of recordings.

    Args:
        model (`ValeTTSForSpeech`): in evaluation mode.
        processor (`ValeTTSProcessor`): its own.
        clips: a clip, a folder of clips, or a list of clips: paths, URLs, audio dictionaries, arrays (see the feature
            extractor). After 60 s of speech the rest is not needed and not read; of a clip over 60 s, the 30 s with the most
            speech are.
        transcripts (*optional*): what is said, one per clip (None where it is not known); only used to find the language.
        name (`str`): of the voice.
        consent (`str`): how the speaker agreed, in your words.
        language (`str`, *optional*): of the recordings.
        source (`str`, *optional*): note on where they come from; default: how many clips and seconds.
        sampling_rate (`int`, *optional*): of bare arrays, in Hz.
        quality (`str`): "refuse" raises where the quality gate refuses; "warn" makes the voice all the same, if there is
            any speech.
        warn (`bool`): whether what the gate finds is a warning too; `False` for servers, which hand `metadata` on.
        cache ([`VoiceCache`], *optional*): keeps the style vectors.

    Returns:
        [`Voice`]: `metadata["quality"]` holds what the gate found.

    Raises:
        `ConsentError`, `QualityError`, `VoiceError` (all `ValueError`s): no consent; unsuitable recordings; recordings that
        cannot be read, an impossible name.
    """
    name = check_name(name)
    consent = check_consent(consent)
    if quality not in (REFUSE, WARN):
        raise ValueError(f"quality must be 'refuse' or 'warn', got {quality!r}.")
    sources = list_clips(clips)
    texts = _transcripts(transcripts, len(sources))
    report = QualityReport()
    used, several = [], len(sources) > 1
    for index, clip in enumerate(sources):
        if sum(exam.speech_seconds for exam in used) >= ENOUGH_SECONDS:
            report.add(
                "enough",
                WARN,
                f"the first {index} of {len(sources)} clips hold {ENOUGH_SECONDS:g} s of speech, which is enough.",
            )
            break
        label = _label(clip, index, several)
        exam = _examine(processor, clip, sampling_rate, label, report, several)
        if exam is None:
            continue
        # With other clips to go by, a bad one is left out.
        alone = QualityReport()
        good = check_clip(exam, alone)
        if good or not several or quality == WARN:
            report.findings.extend(alone.findings)
            used.append(exam)
        else:
            report.left_out.append(label)
            report.findings.extend(_softened(alone))
    _require_clips(used, report)
    for exam in used:
        exam.style = style_of(model, processor, exam.waveform, cache)
    spread = voice_spread([voice["style"] for voice in processor.voices.values()])
    check_speakers(used, lambda waveform: style_of(model, processor, waveform), spread, report)
    used = check_clips_agree(used, spread, report)
    report.speech_seconds = sum(exam.speech_seconds for exam in used)
    report.used = [exam.name for exam in used]
    if report.speech_seconds < MIN_SPEECH_SECONDS:
        report.findings.insert(0, _too_short(report, len(used)))
    report.refuse(quality)
    if warn:
        report.warn(stacklevel=4)
    weights = np.array([exam.speech_seconds for exam in used])
    seconds = f"{report.speech_seconds:.1f} s of speech in {len(used)} clip{'s' * (len(used) > 1)}"
    return Voice(
        name=name,
        style=np.average([exam.style for exam in used], axis=0, weights=np.maximum(weights, 0.1)),
        checkpoint=checkpoint_fingerprint(model),
        language=language or _language_of(processor, texts),
        base_model_name_or_path=portable_base(getattr(model, "name_or_path", None)),
        content_hash=content_hash([exam.waveform for exam in used]),
        consent=consent,
        consent_date=datetime.date.today().isoformat(),
        source=source or seconds,
        metadata={
            "speech_seconds": round(report.speech_seconds, 2),
            "clips": len(used),
            "quality": [finding.text for finding in report.findings if finding.code not in _NOT_NOTED],
        },
    )


def check_consent(consent: str | None) -> str:
    """The statement that the speaker agreed.

    Raises:
        `ConsentError`: there is none.
    """
    if consent is not None and not isinstance(consent, str):
        raise ConsentError(f"consent must be a sentence, got {consent!r}: {HOW_TO_CONSENT}")
    consent = " ".join((consent or "").split())
    if len(consent) < 3 or consent.lower() in ("none", "yes", "true", "n/a"):
        raise ConsentError(
            f"no consent was given{f' ({consent!r} says nothing)' if consent else ''}: {HOW_TO_CONSENT}"
        )
    return consent


def list_clips(clips: Any) -> list[Any]:
    """The clips of a list, in which folders stand for the audio files in them, in the order of their names; hidden ones do not count.

    Raises:
        `VoiceError`: there are none.
    """
    found: list[Any] = []
    for clip in clips if is_clip_list(clips) else [clips]:
        if isinstance(clip, (str, os.PathLike)) and os.path.isdir(os.path.expanduser(clip)):
            folder = Path(clip).expanduser()
            inside = sorted(path for path in folder.iterdir() if is_audio_name(path.name) and path.name[0] != ".")
            if not inside:
                raise VoiceError(
                    f"the folder {str(folder)!r} holds no audio ({', '.join(AUDIO_ENDINGS)}): put 1 to 5 clips of one "
                    "speaker into it, 5-6 seconds each."
                )
            found.extend(inside)
        else:
            found.append(clip)
    if not found:
        raise VoiceError("no clips were given: a voice needs at least 5 s of speech.")
    return found


def style_of(model: Any, processor: Any, waveform: np.ndarray, cache: VoiceCache | None = None) -> np.ndarray:
    """Style vector (H,) of a cleaned waveform, float32; out of the cache if it was computed before.

    Args:
        waveform (`np.ndarray` of shape `(S,)`): as [`ValeTTSFeatureExtractor.load`] gives it.
    """
    extractor = processor.feature_extractor
    key = ""
    if cache is not None:
        key = cache_key("style", content_hash([waveform]), style_fingerprint(checkpoint_fingerprint(model)))
        if (entry := cache.get(key)) is not None and "style" in entry[0]:
            return entry[0]["style"].numpy()
    mel = torch.from_numpy(
        log_mel_spectrogram(
            np.asarray(waveform),
            extractor.sampling_rate,
            extractor.n_fft,
            extractor.hop_length,
            extractor.feature_size,
        )
    )
    with torch.inference_mode():
        style = model.encode_style(mel[None].to(device=model.device, dtype=model.dtype))[0].float().cpu()
    if cache is not None:
        cache.put(key, {"style": style.clone()})
    return style.numpy()


def content_hash(waveforms: Sequence[np.ndarray]) -> str:
    """32 hexadecimal digits of cleaned waveforms, whatever format and level they came in as long as those give the same."""
    digest = hashlib.sha256()
    for waveform in waveforms:
        digest.update(np.ascontiguousarray(waveform, dtype=np.float32).tobytes())
    return digest.hexdigest()[:32]


def _label(clip: Any, index: int, several: bool) -> str:
    """What a clip is called in messages and in the voice: of a file its name, never the folders of this machine."""
    if isinstance(clip, (str, os.PathLike)):
        return repr(os.path.basename(urlsplit(str(clip)).path if is_url(clip) else os.fspath(clip)))
    return f"clip {index + 1}" if several else "the clip"


def _examine(
    processor: Any, clip: Any, sampling_rate: int | None, label: str, report: QualityReport, several: bool
) -> ClipExam | None:
    try:
        return examine_clip(processor.feature_extractor, clip, sampling_rate, label)
    except VoiceError as error:
        if not several or isinstance(error.__cause__, (FileNotFoundError, IsADirectoryError, TypeError)):
            raise
        report.left_out.append(label)
        report.add("unreadable", WARN, f"{error} It is left out.")
        return None


def _softened(report: QualityReport) -> list[Any]:
    """Findings about a clip that is left out: no reason to refuse the others."""
    return [type(finding)(finding.code, WARN, f"{finding.text} It is left out.") for finding in report.findings]


def _require_clips(used: list[ClipExam], report: QualityReport) -> None:
    if not used:
        raise QualityError(
            "none of the clips can be used: " + " Also: ".join(finding.text for finding in report.findings[:5]), report
        )


def _too_short(report: QualityReport, count: int) -> Any:
    from valetts_hf.voices.quality_gate import Finding

    left = f" ({', '.join(report.left_out[:3])} left out)" if report.left_out else ""
    return Finding(
        "short",
        REFUSE,
        f"there are {report.speech_seconds:.1f} s of speech in {count} clip{'s' * (count > 1)}{left}, without the silence "
        f"around and long pauses: give at least {MIN_SPEECH_SECONDS:g} s, best 5-6 s or a few clips of that length.",
    )


def _transcripts(transcripts: str | Sequence[str | None] | None, count: int) -> list[str | None]:
    if transcripts is None:
        return []
    texts = [transcripts] if isinstance(transcripts, str) else list(transcripts)
    if len(texts) != count:
        raise VoiceError(f"{len(texts)} transcripts for {count} clips: give one per clip, in the same order, or none.")
    return texts


def _language_of(processor: Any, texts: list[str | None]) -> str | None:
    text = " ".join(text for text in texts if text and text.strip())
    if not text:
        return None
    counts: dict[str, int] = {}
    for segment in processor.analyze(text):
        counts[segment.language] = counts.get(segment.language, 0) + len(segment.text)
    return max(counts, key=lambda code: counts[code], default=None)
