"""What the demo asks of the SDK: requests in, answers out, no HTTP. Voices are names of a list or keys of uploads, never paths."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from valetts_hf.direction.sketch import Sketch
from valetts_hf.direction.style import Style
from valetts_hf.processing.languages import LANGUAGES, resolve_language
from valetts_hf.serving.errors import ServiceError
from valetts_hf.serving.prosody_answer import prosody_answer, timed
from valetts_hf.serving.schemas import (
    DrawnSketch,
    Info,
    LanguageInfo,
    Limits,
    PredictRequest,
    Prosody,
    SpeakRequest,
    Spoken,
    SsmlAnswer,
    StyleInfo,
    VoiceAnswer,
    VoiceInfo,
)
from valetts_hf.serving.session_voices import PREFIX, SessionVoices
from valetts_hf.serving.settings import DemoSettings
from valetts_hf.serving.ssml_writer import write_ssml
from valetts_hf.version import __version__
from valetts_hf.voices.enrolment import enroll_voice
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import MAX_NAME


if TYPE_CHECKING:
    from valetts_hf.inference import ValeTTS


class Studio:
    """
    Args:
        tts ([`ValeTTS`]): speaks.
        settings ([`DemoSettings`]): limits.
    """

    def __init__(self, tts: ValeTTS, settings: DemoSettings):
        self.tts = tts
        self.settings = settings
        self.session_voices = SessionVoices(settings.max_voices, settings.voice_minutes)
        self._library = VoiceLibrary()

    def info(self) -> Info:
        return Info(
            version=__version__,
            sampling_rate=self.tts.sampling_rate,
            languages=[
                LanguageInfo(
                    code=code,
                    name=LANGUAGES[code].name,
                    native_name=LANGUAGES[code].native_name,
                    default_voice=self.tts.processor.default_voice(code),
                )
                for code in self.tts.languages
                if code in LANGUAGES
            ],
            voices=self._voices(),
            styles=[
                StyleInfo(name=name, description=entry.get("description") or entry.get("words") or "")
                for name, entry in self.tts.styles.items()
            ],
            limits=Limits(
                max_characters=self.settings.max_characters,
                max_upload_bytes=self.settings.max_upload_bytes,
                voice_minutes=self.settings.voice_minutes,
            ),
        )

    def check(self, request: PredictRequest) -> None:
        """Refuse at once what needs no model to be refused."""
        if len(request.text) > self.settings.max_characters:
            raise ServiceError(
                413,
                "text_too_long",
                f"the text has {len(request.text)} characters, {self.settings.max_characters} are possible here: shorten it, "
                "or use `valetts say`.",
            )
        if request.language is not None:
            try:
                resolve_language(request.language)
            except ValueError as error:
                raise ServiceError(422, "language", str(error)) from error

    def predict(self, request: PredictRequest) -> Prosody:
        """How a text would be said."""
        return prosody_answer(self.tts.predict_prosody(request.text, **self._directions(request)))

    def speak(self, request: SpeakRequest) -> Spoken:
        """A text, spoken."""
        directions = {"sketch": sketch_of(request.sketch), **self._directions(request)}
        speech = self.tts(request.text, **directions)
        plan = self.tts.predict_prosody(request.text, **directions)
        return Spoken(
            audio=base64.b64encode(speech.to_bytes("wav")).decode("ascii"),
            sampling_rate=speech.sampling_rate,
            duration=round(speech.duration, 4),
            words=[timed(word.text, word.start, word.end) for word in speech.words],
            prosody=prosody_answer(plan),
            seed=request.seed,
        )

    def ssml(self, request: SpeakRequest) -> SsmlAnswer:
        """The directions of a request as a document."""
        named = request.voice if request.voice is not None and not request.voice.startswith(PREFIX) else None
        sketch = sketch_of(request.sketch)
        said = self.predict(request)
        return SsmlAnswer(ssml=write_ssml(request.text, said, request.controls, sketch, named, request.style))

    def add_voice(self, data: bytes, name: str, consent: str) -> VoiceAnswer:
        """A voice out of a recording. Nothing of it is written anywhere: not even style vectors go into the user's cache."""
        voice = enroll_voice(
            self.tts.model,
            self.tts.processor,
            {"bytes": data},
            name=_voice_name(name),
            consent=consent,
            warn=False,
            cache=None,
        )
        return VoiceAnswer(
            key=self.session_voices.add(voice),
            name=voice.name,
            speech_seconds=voice.metadata["speech_seconds"],
            notes=voice.metadata["quality"],
            kept_minutes=self.settings.voice_minutes,
        )

    def _voices(self) -> list[VoiceInfo]:
        found = [
            VoiceInfo(name=name, language=facts.get("language"), description=facts.get("description") or "")
            for name, facts in self.tts.voices.items()
        ]
        for name in self._library.names() if self.settings.own_voices else []:
            facts = self._library.facts(name)
            description = facts.get("source") or ""
            found.append(VoiceInfo(name=name, language=facts.get("language"), description=description, yours=True))
        return found

    def _directions(self, request: PredictRequest) -> dict[str, Any]:
        """The arguments of a call of the SDK."""
        return {
            "language": request.language,
            "voice": self._voice(request.voice),
            "style": None if request.style is None else listed_style(request.style),
            "seed": request.seed,
            **request.controls.model_dump(),
        }

    def _voice(self, name: str | None) -> Any:
        """What a request names as a voice; only names that were offered and keys of uploads are ones."""
        if name is None:
            return None
        if name.startswith(PREFIX):
            return self.session_voices.get(name)
        if name in self.tts.voices:
            return name
        if self.settings.own_voices and name in self._library.names():
            return self._library.load(name)
        raise ServiceError(404, "voice_unknown", f"there is no voice {name[:60]!r} here: choose one of the list.")


def listed_style(spec: str) -> Style:
    """A style of names and tokens alone: what else one can be made of are files and voices of this machine."""
    style = Style.parse(spec)
    for term in style.terms:
        if term.kind not in ("token", "style"):
            raise ServiceError(
                422, "style", f"a style is made of names of the list and tokens here, not of a {term.kind}."
            )
    return style


def sketch_of(drawn: DrawnSketch | None) -> Sketch | None:
    if drawn is None:
        return None
    content = drawn.model_dump(exclude_none=False)
    for name in ("pitch", "energy"):
        if content[name] is not None and content[name]["positions"] is None:
            del content[name]["positions"]
    return Sketch.from_dict({key: value for key, value in content.items() if value is not None})


def _voice_name(name: str) -> str:
    """A name that a voice can have, out of whatever was typed."""
    return re.sub(r"[^\w .-]", "", name).strip(" ._-")[:MAX_NAME].strip() or "voice"
