"""Real servers on 127.0.0.1, each a process that runs for as long as a block lasts."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.install import BIN, MODELS
from tests.servers.tiny_model import FILE, FOLDER

KEEPER = Path(__file__).with_name("keeper.py")
START = 240.0
"""Seconds until a server must answer; importing torch on a busy machine takes most of them."""
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "DO_NOT_TRACK": "1",
    "NO_COLOR": "1",
}


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers; ``model`` is the name of what it serves, where it serves one thing."""

    url: str
    model: str = ""


class DidNotStartError(RuntimeError):
    """A server ended, or did not answer in time; the message holds the end of what it wrote."""


@contextlib.contextmanager
def litellm_proxy(
    folder: Path, models: Sequence[Mapping[str, Any]], *, key: str, **router: Any
) -> Iterator[Served]:
    """Run a litellm proxy with these entries of ``model_list``; it never asks twice by itself.

    An address in them may hold ``{own}`` for the proxy's own.
    """
    port = free_port()
    config = {
        "model_list": list(models),
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        "router_settings": {"disable_cooldowns": True, **router},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    path = folder / "litellm.yaml"
    # JSON is YAML.
    path.write_text(json.dumps(config, indent=1).replace("{own}", f"http://127.0.0.1:{port}"))
    command = [BIN / "litellm", "--config", path, "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, port, "/health/liveliness", folder, LITELLM_MASTER_KEY=key) as url:
        yield Served(url)


@contextlib.contextmanager
def llama_cpp(folder: Path) -> Iterator[Served]:
    """Run llama.cpp's server with the tiny random model; it serves it under any name."""
    port = free_port()
    command = [
        *(BIN / "python", "-m", "llama_cpp.server", "--model", MODELS / FILE),
        *("--host", "127.0.0.1", "--port", str(port), "--n_ctx", "256", "--n_threads", "1"),
    ]
    with _running(command, port, "/v1/models", folder) as url:
        yield Served(url, str(MODELS / FILE))


@contextlib.contextmanager
def transformers_serve(folder: Path, *, pinned: bool = False) -> Iterator[Served]:
    """Run ``transformers serve``; ``pinned`` serves the tiny random model and no other."""
    port = free_port()
    model = str(MODELS / FOLDER)
    command = [
        *(BIN / "transformers", "serve", *([model] if pinned else [])),
        *("--host", "127.0.0.1", "--port", str(port), "--default-seed", "7"),
    ]
    with _running(command, port, "/health", folder, HF_HOME=str(folder)) as url:
        yield Served(url, model)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def _running(
    command: Sequence[object], port: int, health: str, folder: Path, **environment: str
) -> Iterator[str]:
    log = folder / "server.log"
    url = f"http://127.0.0.1:{port}"
    with (
        log.open("wb") as written,
        subprocess.Popen(
            [sys.executable, KEEPER, *map(str, command)],
            cwd=folder,
            env={**os.environ, **OFFLINE, **environment},
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as keeper,
    ):
        assert keeper.stdin is not None
        try:
            _await(url + health, keeper, log)
            yield url
        finally:
            keeper.stdin.close()
            keeper.wait(timeout=60)


def _await(url: str, keeper: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START
    while not _answers(url):
        if keeper.poll() is not None or time.monotonic() > until:
            written = log.read_text(errors="replace")[-2000:]
            raise DidNotStartError(f"{url} does not answer; the server wrote: {written}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
