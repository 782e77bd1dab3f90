"""What the server counts, for Prometheus: one registry for each application, so that two in one process do not mix."""

from __future__ import annotations

from collections.abc import Callable

import torch
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LEFT = ("client_left", "stalled")  # codes of errors: nobody takes the speech any more
_REFUSED = ("busy", "closing", "rate_limit", "too_late")
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_FACTORS = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5)


class Metrics:
    """Counters of one server; `watch` adds what is asked for when somebody looks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        add = {"registry": self.registry}
        self.requests = Counter("valetts_requests", "Answers, by address and status.", ["route", "status"], **add)
        self.seconds = Histogram(
            "valetts_request_seconds", "From request to the end of the answer.", ["route"], buckets=_SECONDS, **add
        )
        self.first_byte = Histogram(
            "valetts_first_byte_seconds", "From request to the first audio.", buckets=_SECONDS, **add
        )
        self.factor = Histogram(
            "valetts_real_time_factor", "Computing time per second of audio.", buckets=_FACTORS, **add
        )
        self.audio = Counter("valetts_audio_seconds", "Seconds of speech made.", **add)
        self.characters = Counter("valetts_characters", "Characters of the texts asked for.", **add)
        self.batch_size = Histogram(
            "valetts_batch_size", "Rows computed together.", buckets=(1, 2, 4, 8, 16, 32, 64), **add
        )
        self.cache = Counter("valetts_cache_lookups", "Looks into the result cache.", ["result"], **add)
        self.refused = Counter("valetts_refused", "Requests not worked on, by reason.", ["reason"], **add)
        self.left = Counter("valetts_clients_left", "Requests whose client left before the end.", **add)
        if torch.cuda.is_available():
            for name, read in (("allocated", torch.cuda.memory_allocated), ("reserved", torch.cuda.memory_reserved)):
                self.watch(f"valetts_gpu_memory_{name}_bytes", "GPU memory of this process.", read)

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A number that is read when somebody looks."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def failed(self, error: BaseException) -> None:
        """Count a request that was refused, or given up because its client left. Other errors show in `requests` alone."""
        code = getattr(error, "code", None)
        if code in _LEFT:
            self.left.inc()
        elif code in _REFUSED:
            self.refused.labels(code).inc()

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self.registry)
