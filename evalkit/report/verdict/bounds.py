"""A bound becomes words: beside its row of the plot, on its card, and in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.core.envelope import Require, Scope
from evalkit.core.phrases import arm_text, known_error
from evalkit.core.run import Manifest
from evalkit.core.verdict import Estimate, Result, Unmeasured
from evalkit.core.wording import count_text
from evalkit.report.cases.pairs import anchor
from evalkit.report.figures.plot import Drawing, drawing
from evalkit.report.view import Row


@dataclass(frozen=True, slots=True)
class BoundText:
    """Everything a report says about one bound.

    ``limit`` is what is ``allowed`` as short as it goes; ``reserves`` says what the bound was not
    held to in full, such as ``warns only``; ``change`` stands below the value, and is the reason
    where there is none; ``reader`` is the detector that read the answers, with what is known of its
    mistakes; ``title`` and ``sentence`` are the row of the plot, which is at this ``place``,
    for those who do not see it.
    """

    place: int
    anchor: str
    title: str
    name: str
    on: str
    where: str
    allowed: str
    limit: str
    result: Result
    state: str
    reserves: str
    remarks: str
    value: str
    change: str
    interval: str
    n: str
    cases: str
    method: str
    reader: str
    written: str
    detail: str
    settle: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class PlotRow:
    """One row of the envelope plot, and where a reader goes from it."""

    text: BoundText
    link: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Fold:
    """The rows of one metric that hold, folded, with the closest one named."""

    words: str
    closest: str
    rows: tuple[PlotRow, ...]


def text_of(row: Row, place: int, manifest: Manifest) -> BoundText:
    """Return what is said about the bound at a place of the plot."""
    bound, judged = row.bound, row.judged
    line = manifest.lines.get(bound.name)
    detail = bound.detail
    if isinstance(bound.judged, Unmeasured):
        detail = bound.detail or bound.judged.detail
    interval = f"[{row.interval}]{' approximate' if judged.approximate else ''}" if judged else ""
    reserves = list(_reserves(row))
    return BoundText(
        place=place,
        anchor=anchor("bound", bound.name),
        title=row.title,
        name=row.title.removesuffix(f" on {bound.on}"),
        on=bound.on,
        where=f"on {bound.on}" if bound.on else "",
        allowed=row.allowed,
        limit=row.allowed.removeprefix("within ").removesuffix(" of baseline"),
        result=bound.result,
        state=bound.result if bound.blocks else f"{bound.result} · warns only",
        reserves="".join(f" · {reserve}" for reserve in reserves),
        remarks="".join(f" · {remark}" for remark in [*_counted(judged), *reserves]),
        value=row.value,
        change=_change(row) if judged else detail,
        interval=interval,
        n=f"{judged.n:,}" if judged else "",
        cases=_cases(judged) if judged else "",
        method=_method(judged) if judged else "",
        reader="" if bound.detector is None else known_error(bound, bound.detector),
        written=f"{manifest.envelope}, line {line}" if line else "",
        detail=detail,
        settle=tuple(row.settle),
        sentence=_sentence(row, detail),
    )


def plot_row(row: Row, text: BoundText, *, low: bool, link: str = "") -> PlotRow:
    """Return a row of the plot: in one line, or with a lane for each arm."""
    return PlotRow(text, link or f"#{text.anchor}", drawing(row, low=low))


def folds_of(rows: Mapping[str, list[PlotRow]], totals: Mapping[str, int]) -> Iterator[Fold]:
    """Yield rows that hold, folded by what they are about; the first row is the closest one."""
    for name, found in rows.items():
        first = found[0].text
        verb = "holds" if len(found) == 1 else "hold"
        where = f"{first.on}, " if first.on else ""
        yield Fold(
            words=f"{name}: {len(found)} of {totals[name]} {verb}",
            closest=f"closest: {where}{first.value}",
            rows=tuple(found),
        )


# ---------------------------------------------------------------- words


def _counted(judged: Estimate | None) -> Iterator[str]:
    if judged is not None:
        yield f"n {judged.n:,}"


def _reserves(row: Row) -> Iterator[str]:
    if not row.bound.blocks:
        yield "warns only"
    if row.bound.require is Require.NOT_DISPROVEN:
        yield "need not be proven"
    if row.bound.scope is Scope.GOLDEN_SET:
        yield "about these cases only"


def _change(row: Row) -> str:
    """Return both arms of a comparison, or where a limit on the candidate alone came from."""
    if row.bound.limit.compares:
        return row.change
    baseline = row.bound.baseline
    return f"from {arm_text(row.bound, baseline)}" if isinstance(baseline, Estimate) else ""


def _cases(judged: Estimate) -> str:
    parts = [f"{judged.n:,}"]
    if judged.samples != judged.n:
        parts.append(count_text(judged.samples, "sample"))
    if judged.clusters != judged.n:
        parts.append(f"{count_text(judged.clusters, 'independent group')}")
    if judged.missing:
        parts.append(f"{judged.missing:,} missing, put at their worst")
    return " · ".join(parts)


def _method(judged: Estimate) -> str:
    """Return the method, and that labels of people went into it where its name does not say so."""
    corrected = judged.method.startswith(("post-stratified", "PPI"))
    return f"corrected by labels of people: {judged.method}" if corrected else judged.method


def _sentence(row: Row, detail: str) -> str:
    if row.judged is None:
        return f"{detail} Allowed: {row.allowed}."
    return f"Candidate {row.value}, interval {row.interval}; allowed {row.allowed}."
