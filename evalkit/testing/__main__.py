"""What ``python -m evalkit.testing`` runs: files of reference vectors, against this installation."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from evalkit.core.errors import SpecError
from evalkit.testing.vectors import METHODS, Vector, mismatches, read_vectors

EPILOG = """\
exit codes: 0 all vectors agree; 1 one does not, or its method has no implementation;
2 a file cannot be read
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m evalkit.testing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    vectors = commands.add_parser(
        "vectors",
        help="compare reference vectors with what evalkit computes",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    vectors.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a file of vectors")
    found: list[Vector] = []
    code = 0
    for file in parser.parse_args(arguments).files:
        try:
            found += read_vectors(file)
        except SpecError as error:
            sys.stderr.write(f"{error}\n")
            code = error.exit_code
    return code or run(found)


def run(vectors: Sequence[Vector]) -> int:
    """Compare vectors, write what does not agree, and return the exit code."""
    unknown = Counter(vector.method for vector in vectors if vector.method not in METHODS)
    known = [vector for vector in vectors if vector.method in METHODS]
    wrong = 0
    for vector in known:
        lines = [f"{mismatch}\n" for mismatch in mismatches(vector)]
        sys.stdout.writelines(lines)
        wrong += bool(lines)
    for method, count in sorted(unknown.items()):
        sys.stdout.write(f"no implementation of {method}: {count} of the vectors\n")
    sys.stdout.write(
        f"{len(vectors)} vectors, {len(known) - wrong} agree, {wrong} do not, "
        f"{unknown.total()} have no implementation\n"
    )
    return 1 if wrong or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
