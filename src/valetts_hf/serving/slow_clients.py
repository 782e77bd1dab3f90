"""HTTP for clients that mean it: a connection whose request does not arrive is closed, and does not stay open for ever, a
letter of a header at a time; so is one whose answer nobody takes. (How long a body may take is the affair of
`middleware.Guard`.)"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


class PromptProtocol(H11Protocol):
    """uvicorn's protocol with limits on the time that the head of a request and pauses in reading its answer take."""

    head_seconds = 20.0
    linger_seconds = 1.0  # for a client that is still sending what nobody reads to see the answer
    pause_seconds = 900.0  # a player that was paused for so long may ask again
    _patience: asyncio.TimerHandle | None = None
    _paused: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_a_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_a_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._reads_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._paused = self.loop.call_later(self.pause_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._reads_on()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:  # answered without the rest of its body
            self.loop.call_later(self.linger_seconds, self._hang_up, self.cycle)

    def _expect_a_request(self) -> None:
        """Start to wait where a head has not arrived or not completely, stop where it has."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._forget()
        elif self._patience is None:
            self._patience = self.loop.call_later(self.head_seconds, self._give_up)

    def _give_up(self) -> None:
        self._patience = None
        if self.conn.their_state is h11.IDLE:
            self.transport.close()

    def _hang_up(self, answered: RequestResponseCycle) -> None:
        """Close if the rest of that request still has not come; a client that sent it may be asking for more by now."""
        if self.cycle is answered and self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    def _forget(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _reads_on(self) -> None:
        if self._paused is not None:
            self._paused.cancel()
            self._paused = None
