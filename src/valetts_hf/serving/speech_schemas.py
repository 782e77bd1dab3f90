"""What goes in and out of the speech API, typed: the fields of OpenAI's, and ours beside them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from valetts_hf.inference.manner import NOISE_SCALES, PAUSE_SCALES
from valetts_hf.processing.directed_text import ENERGY_SHIFTS, PITCH_RANGES, PITCH_SHIFTS, SPEAKING_RATES
from valetts_hf.serving.schemas import MAX_SEED, DrawnSketch


class VoiceId(BaseModel):
    """OpenAI's way to name a voice of one's own."""

    id: Annotated[str, StringConstraints(max_length=128)]


class Directions(BaseModel):
    """How to say something."""

    # A typing error in a name would otherwise change nothing, silently.
    model_config = ConfigDict(extra="forbid")

    model: str = Field("valetts", max_length=128, description="a name from `GET /v1/models`")
    voice: Annotated[str, StringConstraints(max_length=128)] | VoiceId | None = Field(
        None, description="a name from `GET /v1/voices`; none is the default voice of the language"
    )
    language: str | None = Field(None, max_length=32, description="code; found by sentence when not given")
    speed: float = Field(1.0, ge=SPEAKING_RATES[0], le=SPEAKING_RATES[1], description="2 is twice as fast")
    instructions: str | None = Field(
        None, max_length=4096, description="accepted and not followed: say it with `style`, `ssml` or numbers"
    )
    style: str | None = Field(
        None, max_length=200, description="a name from `GET /v1/styles`, or an expression of them"
    )
    pitch_shift: float = Field(0.0, ge=PITCH_SHIFTS[0], le=PITCH_SHIFTS[1], description="semitones")
    pitch_range: float = Field(1.0, ge=PITCH_RANGES[0], le=PITCH_RANGES[1], description="0 is monotone")
    energy_shift: float = Field(0.0, ge=ENERGY_SHIFTS[0], le=ENERGY_SHIFTS[1], description="dB")
    pause_scale: float = Field(1.0, ge=PAUSE_SCALES[0], le=PAUSE_SCALES[1], description="factor on pauses")
    noise_scale: float | None = Field(
        None, ge=NOISE_SCALES[0], le=NOISE_SCALES[1], description="variety; none is the checkpoint's own"
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="equal seeds give equal speech")

    @property
    def voice_name(self) -> str | None:
        return self.voice.id if isinstance(self.voice, VoiceId) else self.voice


class DirectedInput(Directions):
    """A text and how to say it."""

    input: str = Field(examples=["The ferry leaves the harbour at seven."], description="the text, of any length")
    ssml: bool = Field(False, description="`input` is a document of SSML")
    sketch: DrawnSketch | None = Field(None, description="pitch and energy drawn over the text")


class SpeechRequest(DirectedInput):
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = Field(
        "mp3", description="`pcm` is 16-bit little-endian mono at the model's sampling rate, without a header"
    )
    stream_format: Literal["audio", "sse"] = Field("audio", description="`sse` sends events with base64 in them")


class TimestampsRequest(DirectedInput):
    response_format: Literal["json", "srt", "vtt", "textgrid"] = "json"
    contours: bool = Field(False, description="`json` also holds pitch and energy of each frame")


class ModelCard(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "valetts"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelCard]


class VoiceCard(BaseModel):
    id: str
    name: str
    language: str | None
    description: str
    yours: bool = Field(False, description="made by this key, seen by no other")
    notes: list[str] = Field(default_factory=list, description="what the quality check found, in words")


class VoiceList(BaseModel):
    object: Literal["list"] = "list"
    data: list[VoiceCard]


class StyleCard(BaseModel):
    name: str
    description: str


class StyleList(BaseModel):
    object: Literal["list"] = "list"
    data: list[StyleCard]
