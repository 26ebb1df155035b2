"""A view becomes the page of a report: its sections in order, each with what its template shows.

A section without content is left out, and its link with it. To add one is to add a function here
and a template of its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.core.model import Arm
from evalkit.core.run import Manifest
from evalkit.core.verdict import Outcome, Result
from evalkit.core.wording import count_text
from evalkit.report.cases.flips import Flips, flips_of
from evalkit.report.figures.curves import verdict_curves
from evalkit.report.figures.histogram import figure_of
from evalkit.report.verdict.bounds import BoundText, Fold, PlotRow, folds_of, plot_row, text_of
from evalkit.report.verdict.card import VerdictCard, verdict_card
from evalkit.report.verdict.drift import drift_of
from evalkit.report.verdict.prompts import prompts_of
from evalkit.report.verdict.structure import contract_of, fields_of
from evalkit.report.verdict.tables import (
    Cause,
    ErrorRow,
    causes,
    error_rows,
    metric_rows,
    provenance,
    slice_rows,
)
from evalkit.report.view import CaseText, View

MOST_TALL_ROWS = 24
"""An envelope of more bounds is drawn in rows of one line, and those that hold are folded."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading and a link; ``id`` is also the name of its template."""

    id: str
    link: str
    heading: str
    lead: str
    content: object


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page, in order."""

    card: VerdictCard
    envelope: str
    evalkit: str
    filters: int
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """The envelope plot with its legend; ``low`` rows are one line high."""

    baseline: str
    candidate: str
    interval: str
    head: str
    low: bool
    rows: tuple[PlotRow, ...]
    folds: tuple[Fold, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Cards for what does not hold, and a table of what does."""

    cards: tuple[BoundText, ...]
    table: tuple[BoundText, ...]
    open: bool
    interval: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not there: samples by reason, and the bounds that this leaves without a value."""

    errors: tuple[ErrorRow, ...]
    causes: tuple[Cause, ...]


def page_of(view: View, texts: Mapping[str, CaseText], manifest: Manifest) -> Page:
    """Return the page of a verdict."""
    words = [text_of(row, place, manifest) for place, row in enumerate(view.rows)]
    sections = tuple(_sections(view, words, texts, manifest))
    flips = next((s.content for s in sections if isinstance(s.content, Flips)), None)
    return Page(
        card=verdict_card(view, manifest),
        envelope=view.verdict.envelope,
        evalkit=manifest.evalkit,
        filters=len(flips.kinds) if flips else 0,
        sections=sections,
    )


def _sections(
    view: View, words: list[BoundText], texts: Mapping[str, CaseText], manifest: Manifest
) -> Iterator[Section]:
    unmeasured = view.verdict.outcome is Outcome.UNMEASURED
    if unmeasured:
        yield missing_section(view, "What went wrong", causes(view))
    yield envelope_section(view, words)
    yield from bounds_sections(view, words)
    yield from _flips(view, texts)
    yield from _distributions(view)
    yield from _prompts(manifest)
    yield from _contract(view)
    yield from _fields(view)
    yield from drift_sections(view, texts)
    yield from _slices(view)
    yield from _metrics(view)
    yield from _curves(view)
    if not unmeasured and error_rows(view):
        yield missing_section(view, "Missing samples", ())
    yield Section("provenance", "Provenance", "Provenance", "", provenance(view, manifest))


# ---------------------------------------------------------------- sections


def missing_section(view: View, heading: str, found: tuple[Cause, ...]) -> Section:
    """Return what is not there, and what that leaves without a value."""
    lead = "Errors are counted, never scored."
    if found:
        lead += " A bound is not measured when too many of its samples are missing."
    return Section("missing", heading, heading, lead, Missing(error_rows(view), found))


def envelope_section(view: View, words: list[BoundText]) -> Section:
    """Return the envelope plot."""
    low = len(words) > MOST_TALL_ROWS
    went_wrong = "#missing" if view.verdict.outcome is Outcome.UNMEASURED else ""
    rows = [
        plot_row(row, text, low=low, link=went_wrong if row.judged is None else "")
        for row, text in zip(view.rows, words, strict=True)
    ]
    folded: dict[str, list[PlotRow]] = {}
    lead = (
        "One row a bound, each on its own scale, drawn so that the acceptable regions line up. "
        "A bound holds when its whole interval lies inside."
    )
    head = "bound"
    if low:
        lead += " Bounds that hold are folded by metric."
        shown = [row for row in rows if row.text.result is not Result.HOLDS]
        head = f"{len(shown):,} of {count_text(len(rows), 'bound')} {'does' if len(shown) == 1 else 'do'} not hold"
        for row in rows:
            if row.text.result is Result.HOLDS:
                folded.setdefault(row.text.name, []).append(row)
        rows = shown
    plot = Plot(
        baseline=_arm(view, Arm.BASELINE),
        candidate=_arm(view, Arm.CANDIDATE),
        interval=view.interval_name,
        head=head,
        low=low,
        rows=tuple(rows),
        folds=tuple(folds_of(folded, Counter(text.name for text in words))),
    )
    return Section("envelope", "Envelope", "The envelope", lead, plot)


def _arm(view: View, arm: Arm) -> str:
    """Return an arm with its name, or nothing where there is no such arm."""
    name = view.names.get(arm, "")
    return name if name in {"", arm} else f"{arm} {name}"


def bounds_sections(view: View, words: list[BoundText]) -> Iterator[Section]:
    """Yield the bounds one by one; nothing where there is none to show."""
    unmeasured = view.verdict.outcome is Outcome.UNMEASURED
    cards = tuple(
        text
        for text in words
        if text.result is not Result.HOLDS and not (unmeasured and text.result is Result.UNMEASURED)
    )
    table = tuple(text for text in words if text.result is Result.HOLDS)
    if not cards and not table:
        return
    heading = "Why, bound by bound" if cards else "The bounds, in numbers"
    lead = "Bounds that do not hold are open, the rest are folded."
    if not cards:
        lead = "Sorted by how close the interval comes to its limit."
    elif not table:
        lead = "Each bound that does not hold, and what would settle it."
    passes = view.verdict.outcome is Outcome.PASS
    yield Section(
        "bounds", "Bounds", heading, lead,
        Bounds(cards, table, passes or not cards, view.interval_name),
    )  # fmt: skip


def _flips(view: View, texts: Mapping[str, CaseText]) -> Iterator[Section]:
    found = flips_of(view, texts)
    if found is not None:
        flips, lead = found
        yield Section("flips", "Flips", "Cases that flipped", lead, flips)


def _distributions(view: View) -> Iterator[Section]:
    figures = tuple(figure_of(histogram) for histogram in view.verdict.facts.distributions)
    if figures:
        lead = (
            "Both arms on one axis, baseline above, each to its own height. Ticks mark p50 and p95."
        )
        if Arm.BASELINE not in view.verdict.facts.arms:
            lead = "Ticks mark p50 and p95."
        yield Section("distributions", "Distributions", "Distributions", lead, figures)


def drift_sections(view: View, texts: Mapping[str, CaseText]) -> Iterator[Section]:
    """Yield what changed that no bound names; nothing where nobody could have looked."""
    found = drift_of(view, texts)
    if found is not None:
        heading = "What changed that no bound names"
        lead = "The texts of both arms, compared whatever the bounds say. It looks for anything, so it decides nothing"
        lead += " but where the envelope bounds it: use it to see whether a bound is missing. On each line ○ is the baseline, ● the candidate."
        yield Section("drift", "Unnamed changes", heading, lead, found)


def _prompts(manifest: Manifest) -> Iterator[Section]:
    found = prompts_of(manifest)
    if found is not None:
        yield Section("prompts", "Prompts", "The system prompts", found.sentence, found)


def _contract(view: View) -> Iterator[Section]:
    found = contract_of(view)
    if found is not None:
        lead = "What the response schema of the candidate says otherwise than that of the baseline, for whoever reads the answers."
        yield Section("contract", "Contract", "The structural contract", lead, found)


def _fields(view: View) -> Iterator[Section]:
    found = fields_of(view)
    if found is not None:
        lead = "What stands in the JSON of both arms, field by field: to read, it decides nothing."
        yield Section("fields", "Fields", "Fields of the answers", lead, found)


def _slices(view: View) -> Iterator[Section]:
    rows = slice_rows(view)
    if rows:
        lead = "Rates and means of the bounds on each tag that none of them names: to read, they decide nothing."
        if left_out := view.verdict.slices_left_out:
            lead += f" {count_text(left_out, 'smaller tag')} {'is' if left_out == 1 else 'are'} left out."
        yield Section("slices", "Slices", "Slices that no bound names", lead, rows)


def _metrics(view: View) -> Iterator[Section]:
    rows = metric_rows(view)
    if rows:
        lead = "Scored and shown; they decide nothing."
        yield Section("metrics", "Metrics", "Metrics without a bound", lead, rows)


def _curves(view: View) -> Iterator[Section]:
    curves = verdict_curves(view.rows)
    if curves is not None:
        lead = "For every true value, how often a run of this size says holds, undecided or broken."
        yield Section("curves", "What it can see", "What this gate can see", lead, curves)
