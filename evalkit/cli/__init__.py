"""ARGUMENTS → FLOW → REPORT → EXIT CODE: one file a command."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import traceback

from evalkit import __version__
from evalkit.cli.guard import GuardedStream, in_github

BUG = 70
USAGE = 2
"""As in ``core.verdict.ExitCode``, which is not loaded before it is needed."""

OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """Run the command line, and end with the exit code that fits."""
    if sys.argv[1:] == ["--version"]:
        # Answered before anything is imported: scripts ask for it often.
        sys.stdout.write(f"evalkit {__version__}\n")
        return
    # One thread: the arrays here are small, and idle workers cost start-up and memory. Read by
    # numpy's linear algebra when it is loaded, so it must be set before.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Hardly anything here is garbage that refers to itself. To look for some as often as Python
    # does by itself, and at the end among all there is, is a good part of what a short command takes.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)
    from evalkit.cli.app import app, narrow
    from evalkit.core.errors import EvalkitError

    try:
        _check_streams()
        narrow(sys.argv[1:])
        app()
    except EvalkitError as error:
        sys.stderr.write(f"evalkit: {error}\n")
        if in_github(os.environ):
            from evalkit.cli.ci import annotate_problems

            annotate_problems(error)
        sys.exit(error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"evalkit: {where}{error.strerror or error}\n")
        sys.exit(USAGE)
    except Exception:  # noqa: BLE001 - the last line of defence: a bug must not look like a verdict
        traceback.print_exc()
        sys.stderr.write(f"evalkit {__version__}: this is a bug of evalkit; please report it\n")
        sys.exit(BUG)


def _check_streams() -> None:
    """See to it that whatever is printed can be, and that names given are text.

    Raises:
        UsageError: an argument is not UTF-8, so that no file could repeat it.
    """
    from evalkit.core.errors import UsageError

    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
        if in_github(os.environ):
            setattr(sys, name, GuardedStream(getattr(sys, name)))
    for argument in sys.argv[1:]:
        if argument != argument.encode("utf-8", "replace").decode():
            shown = argument.encode("utf-8", "backslashreplace").decode()
            raise UsageError(f"{shown}: expected UTF-8; rename the file")
