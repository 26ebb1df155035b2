"""ARGUMENTS → FLOW → REPORT → EXIT CODE: one file a command."""

from __future__ import annotations

import os
import sys
import traceback

from evalkit import __version__

BUG = 70
"""As ``core.verdict.ExitCode.BUG``, which is not loaded before it is needed."""


def main() -> None:
    """Run the command line, and end with the exit code that fits."""
    if sys.argv[1:] == ["--version"]:
        # Answered before anything is imported: scripts ask for it often.
        sys.stdout.write(f"evalkit {__version__}\n")
        return
    # One thread: the arrays here are small, and idle workers cost start-up and memory. Read by
    # numpy's linear algebra when it is loaded, so it must be set before.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from evalkit.cli.app import app
    from evalkit.core.errors import EvalkitError

    try:
        app()
    except BrokenPipeError:
        # Whoever read standard output has seen enough; nothing is wrong, and nobody listens.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except EvalkitError as error:
        sys.stderr.write(f"evalkit: {error}\n")
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - the last line of defence: a bug must not look like a verdict
        traceback.print_exc()
        sys.stderr.write(f"evalkit {__version__}: this is a bug of evalkit; please report it\n")
        sys.exit(BUG)
