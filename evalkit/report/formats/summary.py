"""The verdict as markdown: a comment on a pull request, or the summary of a CI job.

The first line is a comment that names the envelope, by which a later summary replaces this one.
GitHub takes 65,536 characters of a comment; nothing here is longer, in characters or in bytes, and
what has no room is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Outcome, Unmeasured
from evalkit.core.wording import SPACE, count_text
from evalkit.report.figures.corridor_text import COLUMNS, HEAD, LOW_COLUMN, SIGNS, line_text
from evalkit.report.format import Material, report_format
from evalkit.report.text.columns import TITLE_COLUMNS, fitted, short
from evalkit.report.text.markdown import block, code, marker, prose
from evalkit.report.text.safe import one_line, visible
from evalkit.report.verdict.card import verdict_card
from evalkit.report.verdict.drift import drift_shown, told_lines
from evalkit.report.verdict.prompts import PromptDiff, prompts_of
from evalkit.report.view import MOST_OF_A_WAIVER, CaseText, FlipGroup, Row, View

LIMIT = 65_536
"""How much GitHub takes of a comment; counted in bytes here, which are never fewer."""
SPARE = 400
"""Room that is kept for what says that something has no room."""

ICONS = {
    Outcome.PASS: "✅",
    Outcome.FAIL: "❌",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.UNMEASURED: "∅",
}
MOST_PLOTTED = 60
MOST_WAYS = 30
MOST_KINDS = 8
MOST_NOTES = 5
MOST_TOLD = 3
MOST_OF_A_LINE = 200
VALUE_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the summary that can be shown up to some row.

    ``rest`` says what is counted where rows are left out: ``more bounds``.
    """

    opening: str
    rows: Sequence[str]
    closing: str
    rest: str
    total: int


@report_format("summary", file="summary.md")
def summary(material: Material) -> str:
    """Markdown, for the summary of a CI job and for a comment on a pull request."""
    head, foot = _head(material), _foot(material)
    room = LIMIT - _size(head) - _size(foot)
    shown = [head]
    for part in _parts(material):
        text = _fitting(part, room - SPARE)
        room -= _size(text)
        shown.append(text)
    return "".join([*shown, foot])


def _size(text: str) -> int:
    return len(text.encode())


def _fitting(part: Part, room: int) -> str:
    """Return a part with as many rows as there is room for, and a count of the others."""
    frame = _size(part.opening + part.closing)
    shown: list[str] = []
    used = frame + SPARE // 4
    for row in part.rows:
        used += _size(row) + 1
        if used > room:
            break
        shown.append(row)
    left = part.total - len(shown)
    count = f"\n{left:,} {part.rest}\n" if left else ""
    if not shown:
        return count
    rows = "\n".join(shown)
    return f"{part.opening}{rows}{part.closing}{count}"


def _head(material: Material) -> str:
    view = material.view
    card = verdict_card(view, material.manifest)
    lead = "".join(
        f"**{prose(text)}**" if place == 1 else _spaced(text, opens=place == 0)
        for place, text in enumerate(card.lead)
        if text.strip()
    )
    notes = [f"{note.about}: {prose(note.says)}" for note in card.notes[:MOST_NOTES]]
    if len(card.notes) > MOST_NOTES:
        notes.append(f"{len(card.notes) - MOST_NOTES:,} more notes in report.html")
    lines = [
        marker(view.verdict.envelope),
        *([f"**{prose(view.waived, most=MOST_OF_A_WAIVER)}**", ""] if view.waived else []),
        f"### {ICONS[view.verdict.outcome]} {view.word}: {prose(view.verdict.sentence)}",
        lead,
        "",
        f"{' · '.join(tally.words for tally in card.tallies) or 'No bound'} · **{card.advice}**",
        *(line for note in notes for line in ("", note)),
        "",
    ]
    return "\n".join(lines)


def _spaced(text: str, *, opens: bool) -> str:
    """Return prose with the blanks around it, since more follows in the same line."""
    before, after = (" " if text[at].isspace() else "" for at in (0, -1))
    return f"{before}{prose(text, opens=opens)}{after}"


def _foot(material: Material) -> str:
    view, manifest = material.view, material.manifest
    return (
        f"\n<sub>{prose(view.facts)} · envelope {code(manifest.envelope)} · run {code(manifest.run)} · every case "
        "in `report.html` of the run folder · judged again without a call: `evalkit judge RUN`</sub>\n"
    )


def _parts(material: Material) -> Iterator[Part]:
    view = material.view
    if view.rows:
        yield _plot(view)
    undecided = [row for row in view.rows if row.settle]
    if undecided:
        yield Part(
            "\n**What would settle it**\n\n| bound | now | what would settle it |\n|---|---|---|\n",
            [_way(row) for row in undecided[:MOST_WAYS]],
            "\n", "more bounds that something would settle", len(undecided),
        )  # fmt: skip
    kinds = [group for group in view.flips if group.bound.labels is not None] or view.flips
    if kinds:
        told = [_kind(group) for group in kinds[:MOST_KINDS]]
        yield Part("\n**Flips**\n\n", told, "\n", "more kinds of flips", len(kinds))
    if (found := drift_shown(view)) is not None:
        told = [f"- {prose(line)}" for line in told_lines(found, material.texts)]
        yield Part("\n**What no bound names**\n\n", told, "\n", "more lines", len(told))
    if (prompts := prompts_of(material.manifest)) is not None:
        yield _prompts(prompts)
    if view.rows:
        yield _numbers(material)
    if kinds:
        yield from _examples(kinds[0], material)


# ---------------------------------------------------------------- the envelope


def _plot(view: View) -> Part:
    head = " " * (TITLE_COLUMNS + 2) + HEAD
    rows = [_row(row) for row in view.rows[:MOST_PLOTTED]]
    legend = _legend(view)
    fenced = block([head, *rows, "", legend])
    fence = fenced[: fenced.index("text\n")]
    return Part(
        f"\n{fence}text\n{head}\n", rows, f"\n\n{legend}\n{fence}\n",
        "more bounds, each in the table below or in report.html", len(view.rows),
    )  # fmt: skip


def _row(row: Row) -> str:
    title = fitted(one_line(row.title), TITLE_COLUMNS)
    start = f"{SIGNS[row.bound.result]} {title:<{TITLE_COLUMNS}}"
    if row.judged is None:
        note = f" {row.note}" if row.note else ""
        plot = f"{'':<{LOW_COLUMN}}│not measured│"
        return f"{start}{plot:<{COLUMNS}} {'no value':>{VALUE_COLUMNS}}{note}"
    value = short(row.value.replace(SPACE, " "))
    note = f" {row.note}" if row.note else ""
    line = f"{start}{line_text(row)} {value:>{VALUE_COLUMNS}}  {row.interval}{note}"
    return line.replace(SPACE, " ")


def _legend(view: View) -> str:
    names = {arm: one_line(name, most=60) for arm, name in view.names.items()}
    parts = [f"○ baseline {names[Arm.BASELINE]}"] if Arm.BASELINE in names else []
    candidate = names.get(Arm.CANDIDATE, "")
    interval = view.interval_name.replace(SPACE, " ")
    parts += [f"■◆● candidate {candidate}", f"━ {interval}", "▶ off the chart", "· acceptable"]
    return "   ".join(parts)


def _way(row: Row) -> str:
    ways = "<br>or ".join(prose(way) for way in row.settle)
    now = f"{prose(row.value)}; allowed: {prose(row.allowed)}"
    return f"| {_named(row)} | {now} | {ways} |"


def _named(row: Row) -> str:
    """Return a bound with its name as code, and the slice it is about behind it."""
    on = row.bound.on
    name = code(row.title.removesuffix(f" on {on}") if on else row.title, most=80)
    return f"{name} on {code(on, most=80)}" if on else name


def _numbers(material: Material) -> Part:
    rows = material.view.rows
    bounds = count_text(len(rows), "bound")
    return Part(
        f"\n<details><summary>{'All ' if len(rows) > 1 else ''}{bounds} in numbers</summary>\n\n"
        "| | bound | allowed | baseline → candidate | estimate | interval | n | line |\n"
        "|---|---|---|---|---:|---:|---:|---:|\n",
        [_numbered(row, material.manifest.lines.get(row.bound.name)) for row in rows],
        "\n\n</details>\n", "more bounds in report.html", len(rows),
    )  # fmt: skip


def _numbered(row: Row, line: int | None) -> str:
    bound = row.bound
    judged = bound.judged
    if isinstance(judged, Unmeasured):
        measured = [prose(judged.detail, most=200), "", "", ""]
    else:
        near = " approximate" if judged.approximate else ""
        change = row.change if isinstance(bound.baseline, Estimate) else ""
        measured = [change, row.value, f"{row.interval}{near}", f"{judged.n:,}"]
        measured = [prose(text) for text in measured]
    state = f"{SIGNS[bound.result]} {bound.result}{'' if bound.blocks else ' (warns only)'}"
    where = "" if line is None else str(line)
    return "| " + " | ".join([state, _named(row), prose(row.allowed), *measured, where]) + " |"


# ---------------------------------------------------------------- what changed


def _kind(group: FlipGroup) -> str:
    """Return how many cases changed in one way, as an item of a list."""
    where = f"{group.bound.metric} on {group.bound.on}" if group.bound.on else group.bound.metric
    count = count_text(len(group.flips), "case")
    return f"- {count} {prose(group.kind, most=120)} ({code(where, most=120)})"


def _examples(group: FlipGroup, material: Material) -> Iterator[Part]:
    """Yield the first cases of the commonest flips with what both arms answered."""
    told = [
        (flip.case, material.texts[flip.case])
        for flip in group.flips
        if flip.case in material.texts and not material.texts[flip.case].redacted
    ][:MOST_TOLD]
    if told:
        cases = count_text(len(group.flips), "case")
        yield Part(
            f"\n<details><summary>{len(told)} of {cases} that went {prose(group.kind, most=120)}"
            "</summary>\n\n| case | baseline | candidate |\n|---|---|---|\n",
            [_told(case, text) for case, text in told],
            "\n\n</details>\n", "more cases in report.html", len(told),
        )  # fmt: skip


def _prompts(prompts: PromptDiff) -> Part:
    """Return the lines that the system prompts of both arms differ in."""
    rows = [visible(f"{line.sign}{line.text}")[:MOST_OF_A_LINE] for line in prompts.lines]
    fenced = block(rows)
    fence = fenced[: fenced.index("text\n")]
    return Part(
        f"\n<details><summary>{prose(prompts.sentence)}</summary>\n\n{fence}diff\n", rows,
        f"\n{fence}\n\n</details>\n", "more lines in report.html", len(rows) + prompts.left_out,
    )  # fmt: skip


def _told(case: str, text: CaseText) -> str:
    answers = (code(text.answers.get(arm, ""), most=240) for arm in (Arm.BASELINE, Arm.CANDIDATE))
    return "| " + " | ".join([code(case, most=120), *answers]) + " |"
