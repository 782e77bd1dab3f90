"""What the server asks of the SDK, for one owner of voices: names in, arguments of a call out. No HTTP, and never a path
or an address that a client wrote: voices are names of the checkpoint's list or of the owner's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from valetts_hf.inference import ValeTTS
from valetts_hf.inference.timestamps import Timeline, to_json, to_srt, to_textgrid, to_vtt
from valetts_hf.processing.languages import resolve_language
from valetts_hf.serving.errors import ServiceError, from_sdk
from valetts_hf.serving.result_cache import cache_key
from valetts_hf.serving.server_settings import ServerSettings
from valetts_hf.serving.speech_schemas import DirectedInput, SpeechRequest, TimestampsRequest, VoiceCard
from valetts_hf.serving.stream_encoders import check_format, make_encoder
from valetts_hf.serving.studio import listed_style, sketch_of
from valetts_hf.serving.tracing import RequestTrace, encoding
from valetts_hf.voices.library import VoiceLibrary
from valetts_hf.voices.places import VOICE_FILE, user_folder


MODEL = "valetts"
# Programs written for OpenAI's API name its models and voices; they are answered with ours.
_OPENAI_MODELS = ("tts-1", "gpt-4o-mini-tts")
_OPENAI_VOICES = frozenset(
    "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split(),
)


@dataclass(frozen=True)
class Task:
    """A request, understood.

    Args:
        text (`str`): what to say.
        directions (`dict`): the other arguments of a call of the SDK.
        key (`str`): of its result in a cache.
    """

    text: str
    directions: dict[str, Any]
    key: str


class SpeechService:
    """
    Args:
        tts ([`ValeTTS`]): speaks.
        settings ([`ServerSettings`]): limits.
        voices_folder (*optional*): where voices made by clients are kept; default `user_folder() / "server-voices"`.
    """

    def __init__(self, tts: ValeTTS, settings: ServerSettings, voices_folder: Path | None = None):
        self.tts = tts
        self.settings = settings
        self._folder = voices_folder
        self._aliases = dict(settings.voice_aliases)
        for alias, name in self._aliases.items():
            if name not in tts.voices:
                raise ValueError(
                    f"voice alias {alias!r} stands for {name!r}, which is no voice of the checkpoint; those are: "
                    f"{', '.join(tts.voices) or 'none'}."
                )

    def library(self, owner: str) -> VoiceLibrary:
        """The voices of an owner, who sees no others."""
        return VoiceLibrary((self._folder or user_folder() / "server-voices") / owner)

    def voices(self, owner: str) -> list[VoiceCard]:
        """Those of the checkpoint and the owner's own."""
        found = [
            VoiceCard(id=name, name=name, language=facts.get("language"), description=facts.get("description") or "")
            for name, facts in self.tts.voices.items()
        ]
        library = self.library(owner)
        for name in library.names():
            facts = library.facts(name)
            source = facts.get("source") or ""
            found.append(VoiceCard(id=name, name=name, language=facts.get("language"), description=source, yours=True))
        return found

    def task(self, request: DirectedInput, owner: str) -> Task:
        """Understand a request, as far as that needs no model.

        Raises:
            `ServiceError`: unknown model (404), voice (404) or language (422), a text that is too long (413) or none (422), a
            format that cannot be written here (400).
        """
        self.check_model(request.model)
        limit = self.settings.max_characters
        if len(request.input) > limit:
            raise ServiceError(
                413,
                "text_too_long",
                f"input has {len(request.input)} characters, {limit} are possible here: send it in parts.",
            )
        if not request.input.strip():
            raise ServiceError(422, "nothing_to_say", "input is empty: send some words.")
        if isinstance(request, SpeechRequest):
            check_format(request.response_format)
        try:
            if request.language is not None:
                resolve_language(request.language)
            style = None if request.style is None else listed_style(request.style)
            sketch = sketch_of(request.sketch)
        except ValueError as error:
            raise from_sdk(error) from error
        voice, identity = self._voice(request.voice_name, owner)
        directions = {
            "language": request.language,
            "voice": voice,
            "speaking_rate": request.speed,
            "style": style,
            "sketch": sketch,
            "ssml": request.ssml,
            **request.model_dump(
                include={"pitch_shift", "pitch_range", "energy_shift", "pause_scale", "noise_scale", "seed"}
            ),
        }
        # By owner: nobody can learn from the time of an answer what others had said.
        asked = request.model_dump(exclude={"instructions", "voice", "model", "stream_format"})
        return Task(request.input, directions, cache_key(owner=owner, voice=identity, **asked))

    def check_model(self, name: str) -> None:
        if name != MODEL and not name.startswith(_OPENAI_MODELS):
            raise ServiceError(404, "model_not_found", f"there is no model {name[:60]!r} here: ask for {MODEL!r}.")

    def speech_steps(
        self, task: Task, format: str, trace: RequestTrace | None = None
    ) -> Iterator[tuple[bytes, float]]:
        """The file of a task, as it is made: (bytes, seconds of audio computed)."""
        encoder = make_encoder(format, self.tts.sampling_rate)
        try:
            for chunk in self.tts.stream(task.text, **task.directions):
                with encoding(trace):
                    data = encoder.write(chunk.waveform)
                yield data, chunk.duration
            for data in encoder.finish():
                yield data, 0.0
        finally:
            encoder.close()

    def timestamp_steps(self, task: Task, request: TimestampsRequest) -> Iterator[tuple[str | None, float]]:
        """The times of a task: None for each chunk, the document at last."""
        times = Timeline()
        for chunk in self.tts.stream(task.text, **task.directions):
            times.add(chunk)
            yield None, chunk.duration
        times.text = " ".join(word.text for word in times.words) if request.ssml else task.text
        write = {"srt": to_srt, "vtt": to_vtt, "textgrid": to_textgrid}.get(request.response_format)
        yield to_json(times, request.contours) if write is None else write(times), 0.0

    def _voice(self, name: str | None, owner: str) -> tuple[Any, Any]:
        """What a name means to the SDK, and what it means to a cache."""
        if name is None:
            return None, None
        library = self.library(owner)
        if name in library:
            status = (library.path(name) / VOICE_FILE).stat()
            return str(library.path(name)), (name, status.st_mtime_ns, status.st_ino)
        if name in self.tts.voices:
            return name, name
        if name in self._aliases:
            return self._aliases[name], self._aliases[name]
        if name in _OPENAI_VOICES:
            return None, None
        raise ServiceError(
            404, "voice_not_found", f"there is no voice {name[:60]!r} here: `GET /v1/voices` lists those there are."
        )
