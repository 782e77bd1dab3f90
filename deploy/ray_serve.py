"""ValeTTS on a Ray cluster: the application of `valetts serve` as replicas that Ray Serve starts, watches and multiplies.

    serve run deploy.ray_serve:build                                   on this machine, at http://127.0.0.1:8000
    serve run deploy.ray_serve:build max_replicas=8 gpus=1             more of them, each with a GPU
    serve run deploy.ray_serve:build keys=/srv/valetts/api-keys.json   for others: start Serve with --http-host 0.0.0.0 before

Run it where this repository is checked out; `valetts-hf[ray]` must be installed on every machine. docs/cluster.md explains it.
"""

from __future__ import annotations

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from valetts_hf.inference import ValeTTS
from valetts_hf.serving.api_keys import KeyFile
from valetts_hf.serving.lifecycle import STUCK_SECONDS, Stage, warm
from valetts_hf.serving.memory import limit_heaps, limit_prepared_shapes
from valetts_hf.serving.server import create_server_app
from valetts_hf.serving.server_settings import ServerSettings
from valetts_hf.serving.settings import LOOPBACK_HOSTS


REPLICA_HEADER = b"x-valetts-replica"


class Arguments(BaseModel):
    """
    What `serve run` takes as NAME=VALUE.

    Args:
        model: folder or repository of the checkpoint; the folder must be there on every machine.
        keys: file of API keys (`valetts serve --add-key`), there on every machine. Without one, only requests to this very machine
            are answered.
        min_replicas, max_replicas: as many as the load asks for, between these.
        target_requests: that a replica works on at the same time before there is another one.
        cpus, gpus: of each replica; its threads follow the processors.
        workers, max_waiting, max_characters, deadline, cache_mb: of each replica, as the options of `valetts serve`.
    """

    model_config = ConfigDict(extra="forbid")  # a misspelt name would silently change nothing

    model: str | None = None
    keys: str | None = None
    min_replicas: int = Field(1, ge=1)
    max_replicas: int = Field(4, ge=1)
    target_requests: float = Field(2, gt=0)
    cpus: float = Field(2, ge=0)
    gpus: float = Field(0, ge=0)
    workers: int | None = Field(None, ge=1)
    max_waiting: int = Field(8, ge=1)
    max_characters: int = Field(100_000, ge=1)
    deadline: float = Field(30, gt=0)
    cache_mb: float = Field(128, ge=0)

    def at_once(self) -> int:
        """Requests that a replica computes at the same time; on a GPU they share batches."""
        return self.workers or (8 if self.gpus else max(1, int(self.cpus) // 2))


@serve.deployment(name="speech", health_check_period_s=5, graceful_shutdown_timeout_s=35)
@serve.ingress()
class SpeechReplica:
    """One model and the application around it."""

    def __init__(self, arguments: Arguments):
        limit_prepared_shapes()
        limit_heaps()
        at_once = arguments.at_once()
        if not arguments.gpus:
            torch.set_num_threads(max(1, int(arguments.cpus) // at_once))
        tts = ValeTTS.from_pretrained(arguments.model, "cuda" if arguments.gpus else "cpu")
        warm(tts)  # Ray sends requests when this is done
        settings = ServerSettings(
            max_characters=arguments.max_characters,
            workers=at_once,
            max_waiting=arguments.max_waiting,
            batch_rows=8 if arguments.gpus else 1,
            first_audio_seconds=arguments.deadline,
            cache_bytes=round(arguments.cache_mb * (1 << 20)),
            allowed_hosts=() if arguments.keys else LOOPBACK_HOSTS,
        )
        self._application = create_server_app(tts, settings, KeyFile(arguments.keys) if arguments.keys else None)

    def __serve_build_asgi_app__(self) -> FastAPI:
        name = serve.get_replica_context().replica_id.unique_id
        self._application.add_middleware(_NamesReplica, name=name.encode())
        return self._application

    def check_health(self) -> None:
        """Ray replaces a replica for which this raises: what `/healthz` says."""
        state = self._application.state
        if state.lifecycle.stage is Stage.FAILED or state.scheduler.stuck_seconds() > STUCK_SECONDS:
            raise RuntimeError("the model does not answer any more")


class _NamesReplica:
    """Says in each answer which replica gave it: logs of clients then lead to logs of replicas."""

    def __init__(self, app, name: bytes):
        self._app = app
        self._name = name

    async def __call__(self, scope, receive, send) -> None:
        async def named(message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), (REPLICA_HEADER, self._name)]}
            await send(message)

        await self._app(scope, receive, named)


def build(arguments: Arguments) -> serve.Application:
    """The application for `serve run`, `serve build` and `serve.run`.

    Raises:
        `ValueError`: more replicas at least than at most.
    """
    if arguments.min_replicas > arguments.max_replicas:
        raise ValueError(f"min_replicas={arguments.min_replicas} is more than max_replicas={arguments.max_replicas}.")
    model = arguments.model
    if model is not None and os.path.isdir(os.path.expanduser(model)):
        # Replicas start in other folders.
        arguments = arguments.model_copy(update={"model": os.path.abspath(os.path.expanduser(model))})
    return SpeechReplica.options(
        ray_actor_options={"num_cpus": arguments.cpus, "num_gpus": arguments.gpus},
        # A replica says itself, with 429 and Retry-After, when it is full.
        max_ongoing_requests=2 * (arguments.at_once() + arguments.max_waiting),
        autoscaling_config={
            "min_replicas": arguments.min_replicas,
            "max_replicas": arguments.max_replicas,
            "target_ongoing_requests": arguments.target_requests,
        },
    ).bind(arguments)
