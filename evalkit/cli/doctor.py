"""``evalkit doctor``: does everything that a gate needs work here?"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.completing import envelopes

if TYPE_CHECKING:
    from evalkit.core.checkup import Finding

EXTRAS = {
    "fast": ("aiohttp", "cheaper requests"),
    "prices": ("genai-prices", "what models cost"),
    "parquet": ("pyarrow", "golden sets in Parquet"),
    "bedrock": ("botocore", "AWS credentials for Bedrock"),
    "mirror": ("httptools", "a proxy before an endpoint"),
}
MARKS = {"sound": "✓", "lacking": "·", "broken": "✗"}


def doctor(
    envelope: Annotated[
        Path | None,
        typer.Argument(
            help="An envelope: each live arm of it is asked its first case, once.",
            autocompletion=envelopes,
        ),
    ] = None,
) -> None:
    """Look at the environment, and ask each endpoint of an envelope one question.

    Exit 4 if something that the envelope needs does not work.
    """
    from evalkit.core.checkup import Health
    from evalkit.report.text.safe import visible

    findings = list(_environment())
    if envelope is not None:
        from evalkit.cli.world import code_root
        from evalkit.core.ports import Surroundings
        from evalkit.flows.doctor import endpoint_findings
        from evalkit.spec.envelope import load_envelope

        root = code_root()
        loaded = load_envelope(envelope, code_root=root)
        world = Surroundings(environment=os.environ, code_root=root)
        findings += endpoint_findings(loaded, world)
    for item in findings:
        sys.stdout.write(f"{MARKS[item.health]} {item.subject:<11} {visible(item.text)}\n")
    if any(item.health is Health.BROKEN for item in findings):
        from evalkit.core.verdict import ExitCode

        sys.exit(int(ExitCode.UNMEASURED))


def _environment() -> Iterator[Finding]:
    from evalkit import __version__
    from evalkit.cli.asking import cache_path
    from evalkit.core.checkup import Finding, Health

    yield Finding("evalkit", Health.SOUND, f"{__version__} on Python {platform.python_version()}")
    for extra, (package, use) in EXTRAS.items():
        try:
            yield Finding(extra, Health.SOUND, f"{package} {version(package)}: {use}")
        except PackageNotFoundError:
            hint = f"not installed: {use}; pip install 'evalkit-gate[{extra}]'"
            yield Finding(extra, Health.LACKING, hint)
    path = cache_path()
    there = f"{path}" if path.is_file() else f"{path}, which the first live gate makes"
    yield Finding("cache", Health.SOUND, there)
