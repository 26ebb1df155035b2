"""The shipped example is real: each snapshot gets the verdict that its README promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.core.run import Origin
from evalkit.core.verdict import Result, Verdict
from evalkit.flows.gate import gate
from evalkit.spec.envelope import load_envelope
from evalkit.spec.overrides import Overrides
from evalkit.stages.ledger import Ledger
from tests.conftest import REPOSITORY

OUTPUTS = REPOSITORY / "golden_sets" / "outputs"
ORIGIN = Origin(run="run", created="2026-01-01T00:00:00+00:00", evalkit="0", versions={})
BASELINE = "acme-chat-2025-11-04"

BROKEN: dict[tuple[str, str], set[str]] = {
    ("support", "acme-chat-2026-03-01"): set(),
    ("support", "acme-chat-2026-04-12"): {"refusal@ambiguous"},
    ("support", "acme-chat-2026-05-20"): {"length.tokens", "gushing"},
    ("support", "acme-chat-mini-2026-03-01"): {"schema_valid"},
    ("support", "acme-chat-2026-06-30"): {"accuracy@returns"},
    ("support", "acme-chat-open-2026-02-10"): {"toxicity@adversarial"},
    ("summarize", "acme-chat-2026-03-01"): set(),
    ("summarize", "acme-chat-2026-04-12"): {"refusal@sensitive"},
    ("summarize", "acme-chat-2026-05-20"): {"length.tokens"},
    ("summarize", "acme-chat-mini-2026-03-01"): {"markup"},
    ("summarize", "acme-chat-2026-06-30"): {"key_fact@figures"},
}
"""The blocking bounds that each candidate is shown to break."""


def judged(envelope: str, candidate: str, folder: Path) -> Verdict:
    path = REPOSITORY / "envelopes" / f"{envelope}.yaml"
    recording = str(OUTPUTS / f"{envelope}.{candidate}.jsonl.gz")
    loaded = load_envelope(path, overrides=Overrides(candidate=recording))
    ledger = Ledger(folder / "ledger.jsonl")
    return gate(loaded, folder / "run", ORIGIN, limit=None, ledger=ledger)


@pytest.mark.parametrize(("envelope", "candidate"), BROKEN, ids=map(" ".join, BROKEN))
def test_a_candidate_breaks_what_its_description_says(
    envelope: str, candidate: str, tmp_path: Path
) -> None:
    broken = BROKEN[envelope, candidate]
    verdict = judged(envelope, candidate, tmp_path)
    assert int(verdict.exit_code) == (1 if broken else 0)
    shown = {b.name for b in verdict.bounds if b.blocks and b.result is Result.BROKEN}
    assert shown == broken
    if broken == {"accuracy@returns"}:
        the_slice_that_breaks_is_hidden_by_a_better_average(verdict)


def test_every_recording_is_described() -> None:
    described = {f"{envelope}.{name}.jsonl.gz" for envelope, name in BROKEN}
    described |= {f"{envelope}.{BASELINE}.jsonl.gz" for envelope in ("support", "summarize")}
    assert {path.name for path in OUTPUTS.iterdir()} == described


def the_slice_that_breaks_is_hidden_by_a_better_average(verdict: Verdict) -> None:
    whole, part = (
        next(bound for bound in verdict.bounds if bound.name == name)
        for name in ("accuracy", "accuracy@returns")
    )
    assert whole.candidate.value > whole.baseline.value  # type: ignore[union-attr]
    assert part.candidate.value < part.baseline.value - 0.3  # type: ignore[union-attr]


def test_the_generator_writes_the_same_bytes(tmp_path: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        REPOSITORY / "golden_sets" / "generate.py",
        "--into",
        tmp_path,
    ]
    subprocess.run(command, check=True)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == len(BROKEN) + 4
    for path in written:
        shipped = REPOSITORY / "golden_sets" / path.relative_to(tmp_path)
        assert path.read_bytes() == shipped.read_bytes(), path.name


def test_another_seed_is_another_draw_of_the_same_world(tmp_path: Path) -> None:
    generator = REPOSITORY / "golden_sets" / "generate.py"
    subprocess.run([sys.executable, generator, "--into", tmp_path, "--seed", "8"], check=True)
    name = f"support.{BASELINE}.jsonl.gz"
    assert (tmp_path / "outputs" / name).read_bytes() != (OUTPUTS / name).read_bytes()
    assert len((tmp_path / "support.jsonl").read_text().splitlines()) == 796
