"""A server on a port of this machine, for clients that need a real connection."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def live(app) -> Iterator[str]:
    """Serve an application while the context lasts; gives its address, when it is ready."""
    import uvicorn

    from valetts_hf.serving.draining import server_config

    server = uvicorn.Server(server_config(app, 2, port=0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    patience = time.monotonic() + 60
    while not server.started or app.state.lifecycle.stage.value == "starting":
        assert thread.is_alive() and time.monotonic() < patience
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
