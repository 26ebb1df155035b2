"""Confusion tables of the shipped detectors: ``python -m training.confusion --data DIR``.

Each detector measures itself on answers that it has not seen. What it finds is written beside it
(``accuracy.json``), where reports read it, and as a table into docs/detectors.md, between the marks
that bear the detector's name.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from evalkit.core.ports import Accuracy
from evalkit.features.published import TABLE, Band, Published
from evalkit.stats.binomial import lower_limit, upper_limit

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "detectors.md"
DETECTORS = ("refusal", "toxicity")
"""Modules of this folder, each with ``PACKAGE`` and ``measured(data)``."""

LEVEL = 0.95
HEAD = "| source | model | answers | people | detector | bias | sensitivity | specificity |"
RULE = "|---|---|---|---|---|---|---|---|"


def table(found: Published) -> str:
    """Return the tables of a detector in Markdown, a table for each of its values."""
    values = dict.fromkeys(row.value for row in found.rows)
    return "\n".join(line for value in values for line in _of_value(found, value))


def _of_value(found: Published, value: str) -> Iterator[str]:
    name = found.detector.partition("@")[0]
    metric = name if value == name else f"{name}.{value}"
    yield f"`{metric}` of {found.detector}, measured {found.how}:"
    yield from ("", HEAD, RULE)
    yield from (_line(row) for row in found.rows if row.value == value)
    yield ""
    for name, bands in found.bands.items():
        if name.partition(",")[0] != value:
            continue
        yield f"| `{name}`, log-odds above the threshold | answers | people contradict | probability |"
        yield "|---|---|---|---|"
        ends = [band.start for band in bands[1:]]
        for band, end in zip(bands, [*ends, None], strict=True):
            yield _band(band, end)
        yield ""


def _line(row: Accuracy) -> str:
    negative = row.labelled - row.positive
    cells = (
        row.source,
        row.model or "–",
        f"{row.labelled:,}",
        f"{row.positive / row.labelled:.1%}",
        f"{(row.hits + row.false_alarms) / row.labelled:.1%}",
        f"{row.bias * 100:+.1f} pt".replace("-", "−"),
        _share(row.hits, row.positive),
        _share(negative - row.false_alarms, negative),
    )
    return f"| {' | '.join(cells)} |"


def _share(found: int, of: int) -> str:
    if not of:
        return "–"
    alpha = (1 - LEVEL) / 2
    lower, upper = lower_limit(found, of, alpha), upper_limit(found, of, alpha)
    return f"{found / of:.1%} ({lower:.1%} to {upper:.1%})"


def _band(band: Band, end: float | None) -> str:
    if band.start is None:
        where = f"below {end:g}"
    else:
        where = f"{band.start:g} and more" if end is None else f"{band.start:g} to {end:g}"
    cells = (where, f"{band.labelled:,}", f"{band.contrary:,}", f"{band.mistake:.1%}")
    return f"| {' | '.join(cells)} |".replace("-", "−")


def text_of(found: Published) -> str:
    """Return the file that ``evalkit.features.published`` reads, a row a line."""
    rows = ",\n".join(f"  {json.dumps(asdict(row))}" for row in found.rows)
    bands = ",\n".join(
        f"  {json.dumps(value)}: [\n"
        + ",\n".join(f"   {json.dumps(asdict(band))}" for band in of)
        + "\n  ]"
        for value, of in found.bands.items()
    )
    return (
        f'{{\n "detector": {json.dumps(found.detector)},\n "how": {json.dumps(found.how)},\n'
        f' "rows": [\n{rows}\n ],\n "bands": {{\n{bands}\n }}\n}}\n'
    )


def page_with(page: str, name: str, tables: str) -> str:
    """Return the page with these tables between the marks of a detector.

    Raises:
        ValueError: the page has no such marks.
    """
    start, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE.name}: expected {start.strip()} and {end} to write between")
    return f"{before}{start}\n{tables}\n{end}{after}"


def main() -> None:
    """Measure the detectors and write what is published about them."""
    parser = argparse.ArgumentParser(prog="python -m training.confusion", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of labelled answers")
    parser.add_argument("--only", choices=DETECTORS, help="leave the other detectors as they are")
    given = parser.parse_args()
    for name in [given.only] if given.only else DETECTORS:
        module = import_module(f"training.{name}")
        found: Published = module.measured(given.data)
        folder = ROOT / Path(*module.PACKAGE.split("."))
        (folder / TABLE).write_text(text_of(found), encoding="utf-8")
        page = page_with(PAGE.read_text(encoding="utf-8"), name, table(found))
        PAGE.write_text(page, encoding="utf-8")
        print(f"{folder / TABLE}: {len(found.rows)} rows")


if __name__ == "__main__":
    main()
