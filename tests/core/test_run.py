"""What a gate says that was not run."""

from __future__ import annotations

from evalkit.core.run import ReliedOn
from evalkit.core.verdict import Digests


def test_a_gate_that_was_not_run_names_the_pass_that_it_relies_on() -> None:
    relied_on = ReliedOn(
        envelope="e",
        path="envelopes/e.yaml",
        run="e-20260301",
        created="2026-03-01T10:00:00Z",
        candidate="m-2",
        ledger="reports/ledger.jsonl",
        folder=None,
        digests=Digests("g", "e", {}, {}, {}),
    )
    assert relied_on.sentence == (
        "Nothing was run: no input changed since e-20260301 passed on 2026-03-01."
    )
