"""What an operator decides about the server: who may ask, how much, how long it may take, what is kept."""

from __future__ import annotations

from dataclasses import dataclass

from valetts_hf.serving.settings import DemoSettings


@dataclass(frozen=True)
class ServerSettings(DemoSettings):
    """
    Args:
        max_characters, max_request_bytes, max_upload_bytes, workers, max_waiting, allowed_hosts, ...: see [`DemoSettings`].
        batch_rows (`int`): sentences of different requests computed together; 1 computes each by itself.
        first_audio_seconds (`float`): a request without any audio after so long is answered with 504.
        total_seconds (`float`): a request that is not finished after so long is broken off.
        stall_seconds (`float`): a client that takes nothing for so long makes room when the server is full.
        idle_seconds (`float`): a WebSocket on which nothing happens for so long is closed.
        cache_bytes (`int`): finished speech kept in memory; 0 keeps none.
        requests_per_minute (`float`): of one key; 0 is no limit.
        characters_per_minute (`float`): of one key; 0 is no limit.
        max_own_voices (`int`): voices that one key may keep.
        allowed_origins (`tuple[str, ...]`): sites whose pages may ask this server from a browser (CORS); none by default.
        voice_aliases (`tuple[tuple[str, str], ...]`): other names for voices, such as ("alloy", "kathleen").

    Raises:
        `ValueError`: a number out of range, or an origin that is none.
    """

    max_characters: int = 100_000
    max_waiting: int = 32
    batch_rows: int = 1
    first_audio_seconds: float = 30.0
    total_seconds: float = 900.0
    stall_seconds: float = 30.0
    idle_seconds: float = 300.0
    cache_bytes: int = 128 << 20
    requests_per_minute: float = 0.0
    characters_per_minute: float = 0.0
    max_own_voices: int = 100
    allowed_origins: tuple[str, ...] = ()
    voice_aliases: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_rows < 1:
            raise ValueError(f"batch_rows must be 1 or more, got {self.batch_rows!r}.")
        for name in ("first_audio_seconds", "total_seconds", "stall_seconds", "idle_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, got {getattr(self, name)!r}.")
        for name in ("cache_bytes", "requests_per_minute", "characters_per_minute", "max_own_voices"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)!r}.")
        for origin in self.allowed_origins:
            if not origin.startswith(("https://", "http://")) or origin.count("/") != 2:
                raise ValueError(f"{origin!r} is no origin of a page: write https://example.org.")
