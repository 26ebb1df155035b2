"""Writes the shipped example anew: golden sets, and what fictional snapshots answered.

``python golden_sets/generate.py`` rewrites every file beside it, byte for byte as it was. With
``--into`` the files go elsewhere, with ``--seed`` they are another draw of the same world.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 7


def main() -> None:
    """Write every file of the example."""
    parser = ArgumentParser(description="Writes the shipped example anew.")
    parser.add_argument("--into", type=Path, default=HERE, help="where the files go")
    parser.add_argument("--seed", type=int, default=SEED, help="another draw of the same world")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE.parent))  # so that it can be started from anywhere
    from golden_sets.writing.files import write_example

    write_example(options.into, seed=options.seed, prompts=HERE / "prompts")


if __name__ == "__main__":
    main()
