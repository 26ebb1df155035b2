"""``make servers``: installs real servers into ``.venv-servers``, each with what it serves.

Nothing here belongs to evalkit: the servers are other people's, of versions that were tried, and
live in an environment of their own. What cannot be installed is named, and its tests are skipped. The
models are tiny and random, and made here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".venv-servers"
BIN = ENVIRONMENT / "bin"
MODELS = ENVIRONMENT / "models"
MAKER = Path(__file__).with_name("tiny_model.py")


@dataclass(frozen=True, slots=True)
class Server:
    """What a server is installed from, the seconds that may take, and the model it is given.

    ``mark`` is there when all of it is.
    """

    name: str
    packages: tuple[str, ...]
    seconds: float
    model: str | None = None

    @property
    def mark(self) -> Path:
        """The file that says that the server is there."""
        return ENVIRONMENT / f".{self.name}"


# litellm 1.82.7 and 1.82.8 stole credentials: whoever moves this must not come by them.
LITELLM = Server("litellm", ("litellm[proxy]==1.108.7",), 900)
TRANSFORMERS = Server(
    "transformers", ("torch==2.13.0", "transformers[serving]==5.24.0"), 1800, "transformers"
)
LLAMA_CPP = Server(
    "llama.cpp", ("gguf==0.19.0", "llama-cpp-python[server]==0.3.36"), 2400, "llama.cpp"
)
"""Compiled here: half an hour on two cores."""
SERVERS = (LITELLM, TRANSFORMERS, LLAMA_CPP)


def installed(server: Server) -> str:
    """Install a server that is not there; return why it cannot be, or nothing."""
    wanted = "\n".join(server.packages)
    if server.mark.is_file() and server.mark.read_text() == wanted:
        return ""
    pip: list[str | Path] = [
        BIN / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    commands: list[Sequence[str | Path]] = [[*pip, *server.packages]]
    if server.model is not None:
        commands.append([BIN / "python", MAKER, MODELS, server.model])
    for command in commands:
        try:
            subprocess.run(command, timeout=server.seconds, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            return str(error)
    server.mark.write_text(wanted)
    return ""


def main(names: Sequence[str]) -> int:
    """Install the servers of these names, by default all; say which could not be."""
    environment = {**os.environ, "PYTHON": sys.executable, "VENV": str(ENVIRONMENT)}
    subprocess.run(["sh", REPOSITORY / ".ci" / "venv"], env=environment, check=True)  # noqa: S607 - any sh
    chosen = [server for server in SERVERS if not names or server.name in names]
    for server in chosen:
        sys.stdout.write(f"{server.name}: {installed(server) or 'is there'}\n")
        sys.stdout.flush()
    return 0 if any(server.mark.is_file() for server in chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
