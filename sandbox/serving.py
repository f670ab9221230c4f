"""One uvicorn process that serves the sandbox."""

from __future__ import annotations

import signal
import socket
import sys

import uvicorn

from sandbox import files, world
from sandbox.asgi import application
from sandbox.door import CuttableProtocol


class _Server(uvicorn.Server):
    """Says in one line that it is ready, once it is."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say where."""
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()
            sys.stdout.write(f"Sandbox ready at http://{host}:{port} with {world.current()}\n")
            sys.stdout.flush()


def run(listener: socket.socket) -> int:
    """Serve on a listening socket until SIGTERM or SIGINT. Returns the exit code."""
    # uvicorn repeats the signal after it has stopped; what is left to do then is to end well.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    # While the simulated people are busy, requests change threads several times each, and wait so long every time.
    sys.setswitchinterval(0.001)
    host, port = listener.getsockname()
    files.served_at(f"http://{host}:{port}")
    server = _Server(
        uvicorn.Config(
            application,
            http=CuttableProtocol,
            lifespan="on",
            timeout_keep_alive=75,
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=10,
        )
    )
    server.run(sockets=[listener])
    return 0 if server.started else 1
