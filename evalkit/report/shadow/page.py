"""What logs say as one self-contained page: no network, no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from evalkit.core.run import Manifest
from evalkit.core.shadow import CaseSample, Shadow
from evalkit.core.verdict import Outcome
from evalkit.core.wording import count_text
from evalkit.report.shadow.lanes import course_figure
from evalkit.report.shadow.words import (
    FindingRow,
    finding_row,
    search_sentence,
    span_text,
    traffic_sentences,
)
from evalkit.report.template import filled
from evalkit.report.verdict.bounds import text_of
from evalkit.report.verdict.card import Note, VerdictCard, verdict_card
from evalkit.report.verdict.page import (
    Section,
    bounds_sections,
    drift_sections,
    envelope_section,
    missing_section,
)
from evalkit.report.verdict.tables import Source, causes
from evalkit.report.view import CaseText, View

RULES = """
.courses { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.course { margin: 0; padding: 14px 18px 12px; }
.course p { margin: 8px 0 0; font-size: 13px; color: var(--ink-2); }
.over { display: grid; grid-template-columns: 52px minmax(0, 1fr); column-gap: 8px; margin-top: 8px; }
.over svg { display: block; width: 100%; overflow: visible; }
.over .values { height: 120px; }
.over text { font-size: 11px; fill: var(--ink-3); text-anchor: end; }
.over .at { grid-column: 2; height: 18px; }
.over .at text { text-anchor: start; }
.back { fill: var(--sunk); }
.day { stroke: var(--edge); vector-effect: non-scaling-stroke; }
.worst { stroke: var(--broken); stroke-width: 1.5; stroke-dasharray: 3 3; vector-effect: non-scaling-stroke; }
.lane-line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.baseline .lane-line { stroke: var(--baseline); stroke-dasharray: 5 3; }
.candidate .lane-line { stroke: var(--candidate); }
.band { fill: var(--candidate-tint); opacity: .75; stroke: none; }
.course details { margin-top: 8px; font-size: 13px; }
.told-row th, .told-row td { color: var(--ink); }
.quiet th, .quiet td { color: var(--ink-2); font-weight: 400; }
@media screen and (max-width: 760px) { .courses { grid-template-columns: minmax(0, 1fr); } }
"""


@dataclass(frozen=True, slots=True)
class ShadowPage:
    """Everything on the page, in order."""

    card: VerdictCard
    envelope: str
    evalkit: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """The slices that were shown to differ, and the largest differences of the others."""

    told: tuple[FindingRow, ...]
    others: tuple[FindingRow, ...]
    sentence: str


def render_shadow_html(
    shadow: Shadow, view: View, texts: Mapping[str, CaseText], manifest: Manifest
) -> str:
    """Return the page, the same bytes for the same logs."""
    page = ShadowPage(
        card=_card(shadow, view, manifest),
        envelope=shadow.verdict.envelope,
        evalkit=manifest.evalkit,
        sections=tuple(_sections(shadow, view, texts, manifest)),
    )
    return filled("shadow.html", page, rules=RULES)


def _card(shadow: Shadow, view: View, manifest: Manifest) -> VerdictCard:
    card = verdict_card(view, manifest)
    return replace(card, notes=(*card.notes, *(Note(*item) for item in _first_told(shadow))))


def _first_told(shadow: Shadow) -> Iterator[tuple[str, str]]:
    """Yield the slice that differs most, which a reader of the verdict should know of."""
    told = [finding for finding in shadow.slices.findings if finding.told]
    if told:
        row = finding_row(told[0])
        rest = f"; on all others {row.elsewhere}" if row.elsewhere else ""
        yield "Differs most", f"{row.metric} where {row.where}: {row.levels}, {row.change}{rest}."


def _sections(
    shadow: Shadow, view: View, texts: Mapping[str, CaseText], manifest: Manifest
) -> Iterator[Section]:
    words = [text_of(row, place, manifest) for place, row in enumerate(view.rows)]
    unmeasured = shadow.verdict.outcome is Outcome.UNMEASURED
    if unmeasured:
        yield replace(missing_section(view, "What could not be measured", causes(view)), lead="")
    yield envelope_section(view, words)
    yield from bounds_sections(view, words)
    yield from _courses(shadow)
    yield from _search(shadow)
    yield from drift_sections(view, texts)
    yield from _sample(shadow)
    yield Section("traffic", "Traffic", "The traffic", "", tuple(traffic_sentences(shadow)))
    yield Section("provenance", "Provenance", "Provenance", "", _provenance(shadow, manifest))


def _courses(shadow: Shadow) -> Iterator[Section]:
    courses = [course for course in shadow.courses if course.hours]
    if courses:
        lead = (
            f"Hour by hour, {span_text(shadow)}. The candidate with its 90\u00a0% interval, each hour on "
            "its own; the baseline is dashed. A day begins at each line."
        )
        figures = tuple(course_figure(course, place) for place, course in enumerate(courses))
        yield Section("courses", "Over time", "Over time", lead, figures)


def _search(shadow: Shadow) -> Iterator[Section]:
    search = shadow.slices
    if search.looked_at:
        rows = [finding_row(finding) for finding in search.findings]
        lead = f"Fields that were looked at: {', '.join(search.fields)}." if search.fields else ""
        found = Search(
            told=tuple(row for row in rows if row.told),
            others=tuple(row for row in rows if not row.told),
            sentence=search_sentence(search),
        )
        yield Section("search", "Slices", "Where the arms differ most", lead, found)


def _sample(shadow: Shadow) -> Iterator[Section]:
    sampled = shadow.sampled
    if sampled is not None:
        lead = f"{count_text(sampled.cases, 'case')} in {sampled.path}, more of those on which the arms disagree."
        content: CaseSample = sampled
        yield Section("sampled", "To label", "Cases to label", lead, content)


def _provenance(shadow: Shadow, manifest: Manifest) -> tuple[Source, ...]:
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    sources = (
        Source("logs", " · ".join(shadow.traffic.files)),
        Source("digest of what was counted", shadow.traffic.digest, exact=True),
        Source("envelope", f"{shadow.verdict.envelope} · {manifest.envelope}"),
        Source("envelope digest", manifest.digests.envelope, exact=True),
        Source(
            "models that answered",
            " · ".join(
                f"{name}: {', '.join(arm.models) or 'no name'}"
                for name, arm in shadow.traffic.arms.items()
            ),
        ),
        Source("created", manifest.created),
        Source("evalkit", f"{manifest.evalkit}{f' on {versions}' if versions else ''}"),
        Source("commit", manifest.commit or "", exact=True),
    )
    return tuple(source for source in sources if source.text)
