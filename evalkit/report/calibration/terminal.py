"""What people say beside what a scorer says, as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from evalkit.core.envelope import Kind
from evalkit.core.labelling import CalibrationReport, SnapshotReport, StratumReport
from evalkit.core.verdict import Estimate
from evalkit.core.wording import MINUS, SPACE, count_text, difference_text, value_text
from evalkit.report.text.lines import DIM, banner_lines, labelled, show, width_of, wrapped

NAME_COLUMNS = 46
COUNT_COLUMNS = 10
SAID_COLUMNS = 26
MOST_TEXT = 20_000
"""So many characters of an answer are shown to whoever labels it."""

FOOTNOTE = (
    "Intervals are at 90\u00a0%: each limit is wrong at most 1 time in 20. Labels must be a random part of "
    "each group, and speak of these answers only."
)


def print_calibration(
    report: CalibrationReport, written: Mapping[str, str], console: Console
) -> None:
    """Print what a calibration shows.

    Args:
        report: what was found.
        written: what lies where.
        console: where to.
    """
    show(_lines(report, written, width_of(console)), console)


def _lines(report: CalibrationReport, written: Mapping[str, str], width: int) -> Iterator[Text]:
    labels = sum(snapshot.labelled for snapshot in report.snapshots)
    answers = sum(snapshot.judged for snapshot in report.snapshots)
    ready = all(snapshot.lacking is None for snapshot in report.snapshots)
    yield Text()
    yield from banner_lines(
        "✓" if ready else "?",
        "CALIBRATED" if ready else "MORE LABELS",
        "green" if ready else "yellow",
        f"{report.scorer} beside people on {count_text(labels, 'label')} of {answers:,} answers.",
        width,
    )
    for snapshot in report.snapshots:
        yield Text()
        yield from _snapshot(snapshot, report.kind, width)
    if report.measured_change is not None:
        yield Text()
        yield from _change(report, report.measured_change, width)
    if report.skipped:
        yield Text()
        yield from wrapped(
            f"{count_text(report.skipped, 'answer')} skipped: labels are a random part only where an "
            "answer is not skipped for what it says.",
            width,
        )
    yield Text()
    for name, path in written.items():
        yield from labelled(name.capitalize(), [path], width)
    yield from wrapped(FOOTNOTE, width, style=DIM)


def _snapshot(snapshot: SnapshotReport, kind: Kind, width: int) -> Iterator[Text]:
    named = snapshot.name if snapshot.requested is None else f"{snapshot.name} {snapshot.requested}"
    yield from wrapped(named, width, style="bold")
    says = f"The scorer says {value_text(snapshot.measured, kind, '')}"
    if snapshot.corrected is not None:
        found = interval(snapshot.corrected, kind)
        would = "say" if snapshot.labelled == snapshot.judged else "would say"
        yield from wrapped(f"{says}; people {would} {found}.", width)
    else:
        yield from wrapped(f"{says}. Its correction {snapshot.lacking}.", width)
    if snapshot.bias is not None:
        yield from wrapped(f"Bias of the scorer: {difference(snapshot.bias, kind)}.", width)
    yield from wrapped(_agreement(snapshot), width)
    wide = width >= 4 + NAME_COLUMNS + 2 * COUNT_COLUMNS + SAID_COLUMNS
    if wide:
        yield Text(
            f"  {'answers':<{NAME_COLUMNS}}{'all':>{COUNT_COLUMNS}}{'labelled':>{COUNT_COLUMNS}}  people say",
            DIM,
        )
    for stratum in snapshot.strata:
        yield from _stratum(stratum, kind, width, wide=wide)


def _agreement(snapshot: SnapshotReport) -> str:
    parts = []
    if snapshot.confusion is not None:
        (right_no, missed), (alarms, right_yes) = snapshot.confusion
        parts.append(
            f"Of {count_text(snapshot.labelled, 'label')} {right_yes + right_no:,} agree; the scorer missed {missed:,} and "
            f"found {alarms:,} that are none"
        )
        halves = snapshot.labelled - right_no - missed - alarms - right_yes
        if halves:
            parts.append(f"people are half and half on {halves:,}")
    if snapshot.kappa is not None:
        parts.append(f"κ {kappa_text(snapshot.kappa)} with people")
    if snapshot.raters is not None:
        parts.append(f"κ {kappa_text(snapshot.raters)} between raters")
    return f"{'; '.join(parts)}." if parts else f"{count_text(snapshot.labelled, 'label')}."


def _stratum(stratum: StratumReport, kind: Kind, width: int, *, wide: bool) -> Iterator[Text]:
    said = "nothing yet" if stratum.human is None else interval(stratum.human, kind)
    if len(stratum.name) >= NAME_COLUMNS or not wide:
        counts = f"{stratum.labelled:,} of {stratum.judged:,} labelled"
        lines = wrapped(f"{stratum.name}: {counts}; people say {said}", width - 4)
        for number, line in enumerate(lines):
            yield Text("    " if number else "  ").append_text(line)
        return
    yield Text(
        f"  {stratum.name:<{NAME_COLUMNS}}{stratum.judged:>{COUNT_COLUMNS},}"
        f"{stratum.labelled:>{COUNT_COLUMNS},}  {said}"
    )


def _change(report: CalibrationReport, measured: float, width: int) -> Iterator[Text]:
    yield from wrapped("candidate − baseline", width, style="bold")
    says = f"The scorer says {difference_text(measured, report.kind, '')}"
    if report.change is None:
        yield from wrapped(f"{says}. Its correction {report.change_lacking}.", width)
    else:
        found = difference(report.change, report.kind)
        yield from wrapped(f"{says}; people would say {found}.", width)


def interval(estimate: Estimate, kind: Kind) -> str:
    """Return a value with its interval, the unit once."""
    value = value_text(estimate.value, kind, "")
    low, high = (
        value_text(end, kind, "").removesuffix(f"{SPACE}%")
        for end in (estimate.lower, estimate.upper)
    )
    return f"{value} [{low}, {high}]"


def difference(estimate: Estimate, kind: Kind) -> str:
    """Return a difference with its interval, the unit once."""
    value = difference_text(estimate.value, kind, "")
    low, high = (
        difference_text(end, kind, "").removesuffix(f"{SPACE}points")
        for end in (estimate.lower, estimate.upper)
    )
    return f"{value} [{low}, {high}]"


def kappa_text(value: float) -> str:
    """Return an agreement with two digits."""
    return f"{value:.2f}".replace("-", MINUS)


# ---------------------------------------------------------------- labelling


def print_welcome(text: str, criteria: str, console: Console) -> None:
    """Print what somebody has to know before labelling, and by what criteria, where there are some."""
    width = width_of(console)
    lines = [*wrapped(text, width)]
    if criteria:
        lines += [Text(), *_text("Criteria", criteria, width)]
    show(lines, console)


def print_answer(
    place: str, parts: Iterable[tuple[str, str]], console: Console, *, question: Sequence[str]
) -> None:
    """Print an answer to be labelled: what was asked, what was answered, and no verdict.

    Args:
        place: which of how many it is.
        parts: what is shown, each with its heading.
        console: where to.
        question: what is asked of whoever labels.
    """
    width = width_of(console)
    show(_answer(place, parts, question, width), console)


def _answer(
    place: str, parts: Iterable[tuple[str, str]], question: Sequence[str], width: int
) -> Iterator[Text]:
    yield Text()
    yield Text(f"── {place} ".ljust(width, "─"), DIM)
    for heading, text in parts:
        yield from _text(heading, text, width)
    yield Text()
    for line in question:
        yield from wrapped(line, width, style="bold")


def _text(label: str, text: str, width: int) -> Iterator[Text]:
    yield Text(label, "bold")
    shown = text[:MOST_TEXT]
    for line in shown.splitlines() or ["(nothing)"]:
        yield from wrapped(line, width) if line.strip() else [Text()]
    if len(text) > MOST_TEXT:
        yield Text(f"… and {len(text) - MOST_TEXT:,} characters more", DIM)
