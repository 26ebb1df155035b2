"""What a report costs: written, and opened in a browser where there is one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.core.verdict import BoundResult, Flip, Outcome
from evalkit.report.verdict.html import render_html
from evalkit.report.view import CaseText, view_of
from tests.browser.chromium import found_browser, running
from tests.report.plans import curve
from tests.report.verdicts import CODE, EVERY_BOUND, facts, manifest, text, verdict

PAIRS, CASES, BOUNDS = 500, 10_000, 200
WORDS = ("sent", "order", "will", "arrive", "Monday", "three", "days", "parcel")
ROUNDS = 3


def report_lines(folder: Path) -> Iterator[str]:
    """Yield what pages of different sizes cost to write, and to open."""
    rng = random.Random(1)
    three = EVERY_BOUND[:3]
    few, spent, size = _written(folder, three, _flips(three, PAIRS), rng)
    yield f"{PAIRS} pairs of answers of 0.65 kB each: {spent:.2f} s of CPU, {size / 1e6:.2f} MB"
    many, spent, size = _written(folder, three, _flips(three, CASES), rng)
    yield f"{CASES:,} cases that flipped: {spent:.2f} s of CPU, {size / 1e6:.2f} MB"
    sees = curve(0.8, 1.0, floor=0.9, ceiling=None)
    bounds = [replace(CODE, name=f"style.{place}", sees=tuple(sees)) for place in range(BOUNDS)]
    wide, spent, size = _written(folder, bounds, _flips(bounds, CASES), rng)
    yield f"{BOUNDS} bounds, {CASES:,} flips: {spent:.2f} s of CPU, {size / 1e6:.2f} MB"
    program = found_browser()
    if program is None:
        yield "no browser to open them in"
        return
    for name, path in (("500 pairs", few), ("10,000 cases", many), ("200 bounds", wide)):
        opened, unfolded, filtered = _opened(program, path, folder)
        yield (
            f"{name} in Chromium: {opened:.2f} s until loaded, everything unfolded {unfolded:.2f} s, "
            f"a search {filtered:.2f} s"
        )


def _flips(bounds: Sequence[BoundResult], count: int) -> list[Flip]:
    return [
        Flip(f"case-{place}", bounds[place % len(bounds)].name, "right → wrong", -1.0)
        for place in range(count)
    ]


def _written(
    folder: Path, bounds: Sequence[BoundResult], moved: Sequence[Flip], rng: random.Random
) -> tuple[Path, float, int]:
    origin = manifest(bounds)
    texts = _texts(moved, rng)
    made = verdict(Outcome.FAIL, bounds, facts(flips=moved))
    render_html(view_of(made, origin), {}, origin)  # templates are compiled once a process
    start = time.process_time()
    page = render_html(view_of(made, origin), texts, origin)
    spent = time.process_time() - start
    path = folder / f"{len(bounds)}-{len(moved)}.html"
    path.write_text(page, "utf-8")
    return path, spent, path.stat().st_size


def _texts(moved: Sequence[Flip], rng: random.Random) -> Mapping[str, CaseText]:
    found = {}
    for flip in moved:
        words = rng.choices(WORDS, k=110)
        changed = [word if rng.random() > 0.05 else "never" for word in words]
        made = text(" ".join(words), " ".join(changed), prompt=" ".join(words[:20]))
        found[flip.case] = replace(made, tags=("plain", "billing"))
    return found


def _opened(program: str, path: Path, folder: Path) -> tuple[float, float, float]:
    """Return the best times, in seconds, to load a page, to lay all of it out, and to search it."""
    times = []
    for place in range(ROUNDS):
        profile = folder / f"profile-{path.stem}-{place}"
        with running(program, profile) as browser, browser.page() as page:
            page.open(path.as_uri())
            loaded = page.run("performance.getEntriesByType('navigation')[0].loadEventEnd / 1e3")
            unfolded, searched = (
                page.run(
                    f"""(() => {{ const start = performance.now(); {act};
                    document.documentElement.getBoundingClientRect().height;
                    return (performance.now() - start) / 1e3; }})()"""
                )
                for act in (
                    "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })",
                    "const q = document.getElementById('q'); q.value = 'monday never'; "
                    "q.dispatchEvent(new Event('input'))",
                )
            )
            times.append((loaded, unfolded, searched))
    best = [min(column) for column in zip(*times, strict=True)]
    return best[0], best[1], best[2]
