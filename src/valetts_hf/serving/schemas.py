"""What goes in and out over HTTP, typed. Times are seconds from the beginning of the speech, pitch is Hz, energy dB."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from valetts_hf.inference.manner import PAUSE_SCALES
from valetts_hf.processing.directed_text import ENERGY_SHIFTS, PITCH_RANGES, PITCH_SHIFTS, SPEAKING_RATES


MAX_SEED = 2**53 - 1  # what a number of JavaScript holds exactly
Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Controls(_Model):
    """How all of it is said; the defaults change nothing."""

    speaking_rate: float = Field(1.0, ge=SPEAKING_RATES[0], le=SPEAKING_RATES[1], description="2 is twice as fast")
    pitch_shift: float = Field(0.0, ge=PITCH_SHIFTS[0], le=PITCH_SHIFTS[1], description="semitones")
    pitch_range: float = Field(1.0, ge=PITCH_RANGES[0], le=PITCH_RANGES[1], description="0 is monotone")
    energy_shift: float = Field(0.0, ge=ENERGY_SHIFTS[0], le=ENERGY_SHIFTS[1], description="dB")
    pause_scale: float = Field(1.0, ge=PAUSE_SCALES[0], le=PAUSE_SCALES[1], description="factor on pauses")


class SketchedWord(_Model):
    """A word under the drawing: from and to which share of the duration."""

    text: str
    start: Finite
    end: Finite


class SketchedCurve(_Model):
    """Values at shares of the duration, straight between them; null is a gap."""

    unit: str = Field("relative", max_length=16, description='"hz" or "semitones", "db", or "relative" (0 to 1)')
    positions: list[Finite] | None = None
    values: list[Finite | None]


class DrawnSketch(_Model):
    """A drawing as `Sketch.to_dict` of the SDK writes it: what is saved here, `valetts say --sketch` reads."""

    format: str = Field("valetts-sketch", max_length=32)
    version: int = 1
    words: list[SketchedWord] = Field(default_factory=list)
    pitch: SketchedCurve | None = None
    energy: SketchedCurve | None = None


class PredictRequest(_Model):
    text: str = Field(examples=["The ferry leaves the harbour at seven."])
    language: str | None = Field(None, max_length=32, description="code from `info`; null finds it by sentence")
    voice: str | None = Field(
        None, max_length=128, description="name or key from `info` or `voices`; null is the language's"
    )
    style: str | None = Field(None, max_length=200, description="name from `info`, or a style expression")
    controls: Controls = Field(default_factory=Controls)
    seed: int = Field(0, ge=0, le=MAX_SEED, description="equal seeds give equal speech")


class SpeakRequest(PredictRequest):
    sketch: DrawnSketch | None = None


class TimedText(_Model):
    """A word or a phoneme and when it is said."""

    text: str
    start: float
    end: float


class Prosody(_Model):
    """How a text will be, or was, said. The curves have a value every `step` seconds, the first at 0."""

    duration: float
    words: list[TimedText]
    phonemes: list[TimedText]
    step: float
    pitch: list[float | None] = Field(description="Hz; null where there is no voice")
    energy: list[float | None] = Field(description="dB from the mean; null in pauses between sentences")
    language: str | None = Field(None, description="of the first word")
    seed: int


class Spoken(_Model):
    """A text, spoken. Times of `words` are those of the audio; `prosody` lies on the time axis of `predict`, which counts
    silence at the edges of sentences in full."""

    audio: str = Field(description="a WAV file, base64")
    sampling_rate: int
    duration: float
    words: list[TimedText]
    prosody: Prosody
    seed: int


class SsmlAnswer(_Model):
    ssml: str


class VoiceAnswer(_Model):
    """A voice made of an upload; `key` goes into `voice` of other requests."""

    key: str
    name: str
    speech_seconds: float
    notes: list[str] = Field(description="what the quality check found, in words")
    kept_minutes: float


class LanguageInfo(_Model):
    code: str
    name: str
    native_name: str
    default_voice: str | None


class VoiceInfo(_Model):
    name: str
    language: str | None
    description: str
    yours: bool = Field(False, description="kept by the user of this machine")


class StyleInfo(_Model):
    name: str
    description: str


class Limits(_Model):
    max_characters: int
    max_upload_bytes: int
    voice_minutes: float


class Info(_Model):
    version: str
    sampling_rate: int
    languages: list[LanguageInfo]
    voices: list[VoiceInfo]
    styles: list[StyleInfo]
    limits: Limits
