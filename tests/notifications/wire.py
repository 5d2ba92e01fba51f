"""The stand-in Telegram behind a real socket, for senders that are processes of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from market.sandbox.handle import Sandbox
from market.sandbox.in_process import BlockingSandboxTransport


class Gate:
    """Lets answers through until so many messages were accepted; from then on withholds them."""

    def __init__(self, after: int) -> None:
        self.is_shut = threading.Event()
        self._left = after
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self.is_shut.set()
            return not self.is_shut.is_set()


@contextmanager
def served(sandbox: Sandbox, gate: Gate | None = None) -> Iterator[str]:
    """Serve the stand-in Telegram on a free port; yield its base URL."""
    transport = BlockingSandboxTransport(sandbox)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            request = httpx.Request(
                "POST",
                f"http://sandbox{self.path}",
                headers={"content-type": self.headers["content-type"]},
                content=body,
            )
            answer = transport.handle_request(request)
            if gate is not None and not gate.lets_through():
                self.close_connection = True
                return
            with suppress(OSError):  # who asked may have been killed meanwhile
                self.send_response(answer.status_code)
                self.send_header("content-type", answer.headers["content-type"])
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing of requests: the test looks at what arrived."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/telegram"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
