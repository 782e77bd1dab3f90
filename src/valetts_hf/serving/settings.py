"""What an operator decides about the demo server: limits, who may frame the page, which voices are offered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoSettings:
    """
    Args:
        max_characters (`int`): of one text.
        max_request_bytes (`int`): of one JSON request.
        max_upload_bytes (`int`): of one uploaded recording, form fields included.
        body_seconds (`float`): after so long without its end a request is given up.
        workers (`int`): requests computed at the same time.
        max_waiting (`int`): requests that may wait for a worker; more are refused with 429.
        max_voices (`int`): uploaded voices held in memory; the least recently used goes first.
        voice_minutes (`float`): after so long without use an uploaded voice is forgotten.
        own_voices (`bool`): offer the voices that this user keeps on this machine.
        frame_ancestors (`tuple[str, ...]`): origins that may show the page in a frame ("https://huggingface.co").
        allowed_hosts (`tuple[str, ...]`): names this server answers to; empty for any. On loopback they keep a foreign
            page from reaching it under a name of its own (DNS rebinding).

    Raises:
        `ValueError`: a limit below 1, or a frame ancestor that is no origin.
    """

    max_characters: int = 1000
    max_request_bytes: int = 1 << 20
    max_upload_bytes: int = 8 << 20
    body_seconds: float = 60.0
    workers: int = 1
    max_waiting: int = 8
    max_voices: int = 64
    voice_minutes: float = 60.0
    own_voices: bool = False
    frame_ancestors: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("max_characters", "max_request_bytes", "max_upload_bytes", "workers", "max_voices"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)!r}.")
        if self.max_waiting < 0:
            raise ValueError(f"max_waiting must be 0 or more, got {self.max_waiting!r}.")
        for name in ("voice_minutes", "body_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, got {getattr(self, name)!r}.")
        for origin in self.frame_ancestors:
            if not origin.startswith(("https://", "http://")) or any(char in origin for char in " ;,'\"\r\n"):
                raise ValueError(f"{origin!r} is no origin that could frame the page: write https://example.org.")


LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
