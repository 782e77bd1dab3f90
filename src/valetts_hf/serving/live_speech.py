"""One WebSocket: text in as it is written, speech out as soon as a sentence is complete. The protocol is in docs/serving.md.

Two tasks: one reads messages, one speaks the sentences that they complete, in order, each as a request of its own to the
scheduler. What is spoken from the first sentence to a `flush` is one utterance: one file, one clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect

from valetts_hf.inference.joining import gap_of, pause_kind
from valetts_hf.inference.manner import Manner
from valetts_hf.inference.streaming import gap_seconds
from valetts_hf.serving.errors import ServiceError, unexpected
from valetts_hf.serving.live_schemas import Cancel, Close, Configure, NotAMessage, Text, error_event, read_message
from valetts_hf.serving.live_text import SentenceFeed
from valetts_hf.serving.metrics import Metrics
from valetts_hf.serving.rate_limits import RateLimit
from valetts_hf.serving.scheduler import Job, Scheduler
from valetts_hf.serving.speech_schemas import SpeechRequest
from valetts_hf.serving.speech_service import SpeechService, Task
from valetts_hf.serving.stream_encoders import make_encoder
from valetts_hf.serving.tracing import encoding


_ASK_AGAIN_SECONDS = 0.25  # while the server is full
# Close codes of RFC 6455.
_DONE, _AWAY, _UNREADABLE, _POLICY, _TOO_LARGE, _BROKEN, _LATER = 1000, 1001, 1003, 1008, 1009, 1011, 1013
_CODE_OF_STATUS = {401: _POLICY, 413: _TOO_LARGE, 429: _LATER, 503: _LATER, 504: _LATER}
_Mark = Literal["flush", "cancel", "close"]  # a place between sentences


class HangUp(Exception):
    """The end of a connection.

    Args:
        code (`int`): of RFC 6455.
        error ([`ServiceError`], *optional*): told before.
    """

    def __init__(self, code: int, error: ServiceError | None = None):
        self.code = code
        self.error = error


@dataclass(frozen=True)
class _Sentence:
    text: str
    asked: Configure
    turn: int  # how many cancellations came before it
    since: float


class Utterance:
    """One file: its encoder, and how much of it has been made.

    Args:
        format (`str`): of the file.
        sampling_rate (`int`): in Hz.
    """

    def __init__(self, format: str, sampling_rate: int):
        self.sampling_rate = sampling_rate
        self.sentences = 0
        self.samples = 0
        self.begun: float | None = None  # when its first audio was sent
        self.last_text = ""
        self._encoder = make_encoder(format, sampling_rate)
        self._lock = threading.Lock()  # a cancelled step may still be writing when the file is given up
        self._closed = False

    @property
    def seconds(self) -> float:
        return self.samples / self.sampling_rate

    def ahead(self) -> float:
        """Seconds that a listener, who began with the first audio, still has to hear."""
        return 0.0 if self.begun is None else max(0.0, self.begun + self.seconds - time.monotonic())

    def write(self, waveform: np.ndarray) -> bytes:
        with self._lock:
            if self._closed:
                return b""
            self.samples += len(waveform)
            return self._encoder.write(waveform)

    def finish(self) -> bytes:
        with self._lock:
            return b"" if self._closed else b"".join(self._encoder.finish())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._encoder.close()


class LiveSpeech:
    """
    Args:
        socket (`WebSocket`): accepted.
        service ([`SpeechService`]): does the work.
        scheduler ([`Scheduler`]): in its turn.
        metrics ([`Metrics`]): counts.
        requests, characters ([`RateLimit`]): of each owner; opening the connection has paid for its first utterance.
    """

    def __init__(
        self,
        socket: WebSocket,
        service: SpeechService,
        scheduler: Scheduler,
        metrics: Metrics,
        requests: RateLimit,
        characters: RateLimit,
    ):
        self._socket = socket
        self._service = service
        self._scheduler = scheduler
        self._metrics = metrics
        self._requests = requests
        self._characters = characters
        self._settings = service.settings
        self._owner: str = socket.state.owner
        self._record = socket.state.record
        self._asked = Configure()
        self._feed = SentenceFeed()
        self._items: asyncio.Queue[_Sentence | _Mark] = asyncio.Queue()
        self._queued_characters = 0
        self._turn = 0
        self._job: Job | None = None
        self._utterance: Utterance | None = None
        self._utterances = 0
        self._closing = False
        self._busy = False
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Serve the connection until one of both sides ends it."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._speak())]
        try:
            await self._send(type="ready", sampling_rate=self._service.tts.sampling_rate, **self._format())
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ends = [task.exception() for task in done]
            await self._end(next((end for end in ends if isinstance(end, HangUp)), ends[0]))
        except WebSocketDisconnect:
            self._metrics.left.inc()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._utterance is not None:
                self._utterance.close()

    async def _end(self, end: BaseException | None) -> None:
        if isinstance(end, WebSocketDisconnect):
            if self._busy or not self._items.empty():
                self._metrics.left.inc()
            return
        if not isinstance(end, HangUp):
            assert end is not None
            end = HangUp(_BROKEN, unexpected(end))
        if end.error is not None:
            await self._send(**error_event(end.error))
        self._record.facts["close"] = end.code
        await self._socket.close(end.code, "" if end.error is None else end.error.code)

    # What comes in

    async def _read(self) -> None:
        while True:
            try:
                message = await asyncio.wait_for(self._socket.receive(), self._settings.idle_seconds)
            except asyncio.TimeoutError:
                if self._busy or self._closing:
                    continue
                raise HangUp(_AWAY, ServiceError(408, "idle", "nothing was sent for a long time.")) from None
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1006))
            if self._closing:
                continue
            text = message.get("text")
            if text is None:
                error = ServiceError(400, "invalid_message", "send text frames with JSON: audio goes one way only.")
                raise HangUp(_UNREADABLE, error)
            if len(text) > self._settings.max_request_bytes:
                size = f"{self._settings.max_request_bytes / (1 << 20):g} MB"
                error = ServiceError(413, "too_large", f"the message is larger than {size}: send the text in parts.")
                raise HangUp(_TOO_LARGE, error)
            try:
                await self._take(text)
            except NotAMessage as error:
                raise HangUp(_POLICY, error) from error
            except ServiceError as error:
                if error.status_code == 413:
                    raise HangUp(_TOO_LARGE, error) from error
                await self._send(**error_event(error))

    async def _take(self, text: str) -> None:
        message = read_message(text)
        if isinstance(message, Configure):
            self._service.task(self._request(message, "Yes."), self._owner)  # whether it can be done at all
            self._asked = message
            await self._send(type="configured", **self._format())
        elif isinstance(message, Text):
            waiting = self._queued_characters + len(self._feed) + len(message.text)
            if waiting > self._settings.max_characters:
                raise ServiceError(
                    413,
                    "text_too_long",
                    f"{waiting} characters wait to be spoken, {self._settings.max_characters} may: send text more slowly.",
                )
            for sentence in self._feed.add(message.text):
                self._enqueue(sentence)
        elif isinstance(message, Cancel):
            self._feed.clear()
            self._turn += 1
            while not self._items.empty():
                self._items.get_nowait()
            self._queued_characters = 0
            if self._job is not None:
                self._job.cancel()
            self._items.put_nowait("cancel")
        else:
            if self._items.qsize() >= self._settings.max_characters:  # files without a word
                raise ServiceError(413, "too_many_files", "too many files wait to be ended: read what was sent first.")
            if rest := self._feed.flush():
                self._enqueue(rest)
            self._closing = isinstance(message, Close)
            self._items.put_nowait(message.type)

    def _enqueue(self, sentence: str) -> None:
        self._queued_characters += len(sentence)
        self._items.put_nowait(_Sentence(sentence, self._asked, self._turn, time.perf_counter()))

    # What goes out

    async def _speak(self) -> None:
        while True:
            item = await self._items.get()
            if isinstance(item, str):
                await self._mark(item)
                continue
            self._queued_characters -= len(item.text)
            self._busy = True
            try:
                await self._say(item)
            except ServiceError as error:
                if item.turn == self._turn:
                    code = _BROKEN if error.status_code == 500 else _CODE_OF_STATUS.get(error.status_code)
                    if code is not None:
                        self._metrics.failed(error)
                        raise HangUp(code, error) from error
                    await self._send(**error_event(error, self._utterance.sentences if self._utterance else 0))
                    if self._utterance is not None:
                        self._utterance.sentences += 1
            finally:
                self._busy = False

    async def _mark(self, kind: _Mark) -> None:
        utterance, self._utterance = self._utterance, None
        if utterance is not None:
            try:
                if kind != "cancel" and (rest := await asyncio.to_thread(utterance.finish)):
                    await self._send_audio(rest)
            finally:
                utterance.close()
        if kind == "cancel":
            await self._send(type="cancelled")
            return
        made = (0, 0.0) if utterance is None else (utterance.sentences, utterance.seconds)
        await self._send(type="done", sentences=made[0], seconds=round(made[1], 4))
        if kind == "close":
            raise HangUp(_DONE)

    async def _say(self, sentence: _Sentence) -> None:
        if self._socket.state.revoked():
            raise ServiceError(401, "invalid_api_key", "the key of this connection was removed: connect with another.")
        request = self._request(sentence.asked, sentence.text)
        task = self._service.task(request, self._owner)
        if self._utterance is None:
            if self._utterances:
                self._requests.take(self._owner)
            self._utterance = Utterance(request.response_format, self._service.tts.sampling_rate)
            self._utterances += 1
        self._characters.take(self._owner, len(sentence.text))
        self._metrics.characters.inc(len(sentence.text))
        utterance = self._utterance
        job = await self._admitted(self._steps(task, utterance), utterance.ahead())
        if job is None or sentence.turn != self._turn:
            return
        index, begun = utterance.sentences, False
        try:
            async for start, words, data in job:
                if sentence.turn != self._turn:
                    return
                if not begun:
                    await self._send(type="sentence", index=index, text=sentence.text.strip(), start=round(start, 4))
                    if utterance.begun is None:
                        utterance.begun = time.monotonic()
                        self._metrics.first_byte.observe(time.perf_counter() - sentence.since)
                    begun = True
                if words:
                    await self._send(type="words", index=index, words=words)
                if data:
                    await self._send_audio(data)
        finally:
            self._job = None
            job.cancel()
            self._count(job)
        if sentence.turn == self._turn:
            utterance.sentences += 1
            utterance.last_text = sentence.text

    def _steps(self, task: Task, utterance: Utterance) -> Iterator[tuple[tuple[float, list, bytes], float]]:
        """Chunks of a sentence: (second at which it starts, words with their times, bytes of the file)."""
        gap = _gap(utterance.last_text, task.directions, utterance.sampling_rate)
        for chunk in self._service.tts.stream(task.text, **task.directions):
            start = utterance.seconds + len(gap) / utterance.sampling_rate
            words = [
                {"text": word.text, "start": round(word.start + start, 4), "end": round(word.end + start, 4)}
                for word in chunk.words
            ]
            waveform = np.concatenate([gap, chunk.waveform]) if len(gap) else chunk.waveform
            gap = gap[:0]
            with encoding(self._record.trace):
                data = utterance.write(waveform)
            yield (start, words, data), chunk.duration

    async def _admitted(self, steps: Iterator, ahead: float) -> Job | None:
        """The job of a sentence, as soon as there is room; None if it was cancelled before.

        Raises:
            `ServiceError`: there was none for as long as a first audio may take.
        """
        turn, patience = self._turn, time.monotonic() + self._settings.first_audio_seconds
        while turn == self._turn:
            try:
                self._job = self._scheduler.submit(steps, ahead, self._record.trace)
                return self._job
            except ServiceError as refusal:
                if refusal.code != "busy" or time.monotonic() > patience:
                    raise
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        return None

    def _count(self, job: Job) -> None:
        facts, metrics = self._record.facts, self._metrics
        facts["audio_seconds"] = round(facts.get("audio_seconds", 0.0) + job.audio_seconds, 3)
        metrics.audio.inc(job.audio_seconds)
        if job.audio_seconds:
            metrics.factor.observe(job.busy_seconds / job.audio_seconds)

    def _request(self, asked: Configure, text: str) -> SpeechRequest:
        return SpeechRequest(input=text, **asked.model_dump(exclude={"type"}))

    def _format(self) -> dict[str, str]:
        return {"response_format": self._asked.response_format}

    async def _send(self, **event: Any) -> None:
        async with self._sending:
            with _gone():
                await self._socket.send_json(event)

    async def _send_audio(self, data: bytes) -> None:
        async with self._sending:
            with _gone():
                await self._socket.send_bytes(data)


@contextlib.contextmanager
def _gone() -> Iterator[None]:
    """Sending to a client that has left is a disconnection, however the server below says it."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise WebSocketDisconnect(1006) from error


def _gap(text_before: str, directions: dict[str, Any], sampling_rate: int) -> np.ndarray:
    """The silence between two sentences, as long as between those of one text."""
    if not text_before:
        return np.zeros(0, np.float32)
    kind = "paragraph" if text_before[len(text_before.rstrip()) :].count("\n") > 1 else pause_kind(text_before)
    manner = Manner.of(pause_scale=directions["pause_scale"], speaking_rate=directions["speaking_rate"])
    return gap_of(gap_seconds(None, kind, manner), sampling_rate)
