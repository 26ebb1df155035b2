"""Pages to be opened: built by hand, or left by a real gate over outputs that mean harm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalkit.core.verdict import Flip, Outcome, Verdict
from evalkit.report.verdict.html import render_html
from evalkit.report.view import CaseText, view_of
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import ACCURACY, EVERY_BOUND, LISTS, REFUSAL, facts, manifest, verdict
from tests.report.verdicts import text as case_text
from tests.worlds import evalkit

TAGS = ("red", "green", "blue")


def written(
    folder: Path, made: Verdict, texts: Mapping[str, CaseText] | None = None, *, name: str = "page"
) -> str:
    """Write the report of a verdict into a folder and return its address."""
    origin = manifest(made.bounds)
    path = folder / f"{name}.html"
    path.write_text(render_html(view_of(made, origin), texts or {}, origin), "utf-8")
    return path.as_uri()


def flipped_page(folder: Path) -> str:
    """Write a page on which much moved, and return its address.

    250 cases declined (of which 195 are shown), 5 answered; 60 went wrong, every second of them had
    declined too; 4 lost their lists.
    """
    moved = [
        *(Flip(f"case-{place}", REFUSAL.name, "answered → declined", 1.0) for place in range(250)),
        *(Flip(f"back-{place}", REFUSAL.name, "declined → answered", -1.0) for place in range(5)),
        *(
            Flip(f"case-{place}" if place % 2 else f"wrong {place}/ü", ACCURACY.name, "r → w", -1.0)
            for place in range(60)
        ),
        *(Flip(f"list-{place}", LISTS.name, "list → no list", -1.0) for place in range(4)),
    ]
    texts = {
        case: CaseText(
            prompt=f"Question number {place}?",
            reference="(A)",
            answers=case_text("It is (A), I think.", f"It is (B) {place}, I think.").answers,
            facts={},
            tags=(TAGS[place % 3], *(["round"] if place % 2 else [])),
        )
        for place, case in enumerate(dict.fromkeys(flip.case for flip in moved))
    }
    return written(folder, verdict(Outcome.FAIL, EVERY_BOUND, facts(flips=moved)), texts)


def hostile_run(folder: Path) -> Path:
    """Gate a candidate that answers with all that is hostile, and return the run folder.

    The golden set asks with the same texts: a prompt is no more trusted than an answer.
    """
    ask: list[dict[str, Any]] = [
        {"id": name, "input": text, "reference": "ok", "tags": [text[:40]]}
        for name, text in HOSTILE.items()
    ]
    arms: dict[str, list[dict[str, Any]]] = {
        "baseline": [{"id": name, "output": "ok"} for name in HOSTILE],
        "candidate": [
            {"id": name, "output": text, "finish_reason": text[:100], "model": text[:100]}
            for name, text in HOSTILE.items()
        ],
    }
    files: dict[str, list[dict[str, Any]]] = {"golden": ask, **arms}
    for name, lines in files.items():
        content = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(content, "utf-8")
    (folder / "envelope.yaml").write_text(
        "version: 1\nname: hostile\ngolden_set: golden.jsonl\n"
        "baseline: {provider: replay, path: baseline.jsonl}\n"
        "candidate: {provider: replay, path: candidate.jsonl}\n"
        "metrics: {right: {scorer: exact_match}}\n"
        "bounds: [{metric: right, min: 0.9}]\n",
        "utf-8",
    )
    done = evalkit("gate", "envelope.yaml", "-o", "run", folder=folder)
    assert done.code == 1, done.err
    return folder / "run"
