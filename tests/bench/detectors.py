"""What reading a text costs: detectors, texts a second and core, and the look at what no bound names."""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from evalkit.core.model import Arm, Case, Sample
from evalkit.core.ports import NoOptions
from evalkit.core.registry import SCORERS
from tests.bench.measuring import in_turn, ratio
from tests.conftest import SHARED
from tests.worlds import EVALKIT

DETECTORS = ("refusal", "toxicity")
TEXTS = {
    "tweets": ("toxicity/davidson.jsonl.gz",),
    "answers": ("xstest/outputs/*.jsonl.gz", "chatgpt_refusals/outputs/*.jsonl.gz"),
    "long answers": ("arena_hard/outputs/gpt-4-*.jsonl.gz",),
}
MOST = 4_000
"""Texts of a kind."""
ROUNDS = 5
ENVELOPE = """
version: 1
name: pairs
golden_set: {data}/golden.jsonl.gz
baseline: {{provider: replay, path: {data}/outputs/gpt-4-0314.jsonl.gz}}
candidate: {{provider: replay, path: {data}/outputs/gpt-4-0613.jsonl.gz}}
bounds:
  - {{metric: length.words, max: 2000, range: [0, 10000]}}
"""
IMPORTS = "import numpy, pydantic, yaml, jinja2, typer, rich.console"


def detector_lines(folder: Path) -> Iterator[str]:
    """Yield texts a second and core of each detector: each text once, and then again."""
    data = SHARED / "data"
    if not data.is_dir():
        yield f"no recordings at {data}"
        return
    for name in DETECTORS:
        for kind, patterns in TEXTS.items():
            texts = _texts(data, patterns)
            first, again = _seconds(name, texts)
            yield (
                f"{name:<8} {len(texts):>5,} {kind:<12} of {sum(map(len, texts)) // len(texts):>5,} characters: "
                f"{len(texts) / first:>7,.0f} a second at first, {len(texts) / again:>7,.0f} after that"
            )
    yield _pairs(data / "arena_hard", folder)


def _texts(data: Path, patterns: Sequence[str]) -> list[str]:
    found: list[str] = []
    for path in sorted(path for pattern in patterns for path in data.glob(pattern)):
        with gzip.open(path, "rt") as lines:
            records = map(json.loads, lines)
            found += [record.get("output") or record.get("text") for record in records]
    return [text for text in found if text][:MOST]


def _seconds(name: str, texts: Sequence[str]) -> tuple[float, float]:
    """Return the processor time of scoring texts, and the least of doing it again."""
    scorer, case, options = SCORERS.get(name), Case("case", ""), NoOptions()
    samples = [Sample("case", Arm.CANDIDATE, output=text) for text in texts]
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for sample in samples:
            scorer(case, sample, options)
        spent.append(time.process_time() - began)
    return spent[0], min(spent[1:])


def _pairs(data: Path, folder: Path) -> str:
    """Return what looking at 500 pairs of long answers adds to a gate."""
    (folder / "envelope.yaml").write_text(ENVELOPE.format(data=data))
    gate = [str(EVALKIT), "gate", "envelope.yaml"]
    commands = [gate, [*gate, "--drift", "off"], [sys.executable, "-c", IMPORTS]]
    looked, not_looked, imports = in_turn(commands, folder, rounds=ROUNDS)
    added = [one.cpu - other.cpu for one, other in zip(looked, not_looked, strict=True)]
    each = ", ".join(f"{seconds:.2f}" for seconds in added)
    return (
        f"500 pairs of long answers: drift adds {statistics.median(added):.2f} s of CPU ({each}) to a gate "
        f"of {statistics.median(cost.cpu for cost in not_looked):.2f} s, × {ratio(not_looked, imports):.1f} "
        "of importing its libraries"
    )
