"""What a mirror is measured beside: nginx as upstream and as proxy, and upstreams that wait or misbehave."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

from evalkit.wire.loops import fast_loop

ANSWER = json.dumps(
    {"model": "m", "choices": [{"message": {"role": "assistant", "content": "It is on its way. " * 20}}]}
)  # fmt: skip
LATE, SLOW = 0.02, 30.0
"""Seconds until a model of the quickest kind answers, and a candidate in trouble."""
NGINX = """
daemon off;
master_process off;
pid {folder}/{name}.pid;
error_log /dev/null crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/{name}.body;
  proxy_temp_path {folder}/{name}.proxy;
  fastcgi_temp_path {folder}/{name}.f; uwsgi_temp_path {folder}/{name}.u; scgi_temp_path {folder}/{name}.s;
  {more}
}}
"""
ANSWERS = (
    "server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{answer}'; }} }}"
)
PASSES = """
  upstream live {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://live; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
"""


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def nginx_answering(folder: Path, port: int) -> Path:
    """Write the configuration of an nginx that answers by itself."""
    return _written(folder, f"answers{port}", ANSWERS.format(port=port, answer=ANSWER))


def nginx_passing(folder: Path, port: int, upstream: int) -> Path:
    """Write the configuration of an nginx that asks another server."""
    return _written(folder, f"passes{port}", PASSES.format(port=port, upstream=upstream))


def mirror_file(folder: Path, name: str, live: int, candidate: int, **more: object) -> Path:
    """Write the file of a mirror."""
    content: Mapping[str, object] = {
        "version": 1,
        "listen": f"127.0.0.1:{free_port()}",
        "live": {"url": f"http://127.0.0.1:{live}"},
        "candidate": {"url": f"http://127.0.0.1:{candidate}"},
        **more,
    }
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(content))
    return file


def _written(folder: Path, name: str, more: str) -> Path:
    file = folder / f"{name}.conf"
    file.write_text(NGINX.format(folder=folder, name=name, more=more))
    return file


class Server(asyncio.Protocol):
    """A server of one kind: it answers late, or in 30 seconds, or not at all."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request, which comes in one piece here."""
        del data
        transport = self.transport
        assert hasattr(transport, "write")
        if self.kind == "garbage":
            transport.write(b"\x00\xffnothing of HTTP\r\n\r\n" * 50)
        elif self.kind == "resetting":
            of_the_loop = transport.get_extra_info("socket")
            with socket.socket(fileno=os.dup(of_the_loop.fileno())) as own:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.close()
        else:
            answer = f"HTTP/1.1 200 OK\r\ncontent-length: {len(ANSWER)}\r\n\r\n{ANSWER}".encode()
            wait = LATE if self.kind == "late" else SLOW
            asyncio.get_running_loop().call_later(wait, transport.write, answer)


async def served(kind: str, port: int) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(kind), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(served(sys.argv[1], int(sys.argv[2])))
