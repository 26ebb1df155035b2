"""A proposal becomes an envelope file, in which every bound says where it comes from."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping

from evalkit.core.model import Json
from evalkit.core.phrases import arm_text, interval_name
from evalkit.core.plan import Basis
from evalkit.core.proposal import Proposal, ProposedBound
from evalkit.core.records import case_record
from evalkit.core.verdict import Estimate
from evalkit.core.wording import count_text, value_text
from evalkit.files.json_text import json_line
from evalkit.report.text.safe import one_line

COLUMNS = 100
MOST_TAGS = 12
_PLAIN = re.compile(r"-?[A-Za-z0-9./][A-Za-z0-9._/-]*%?")
_ELSEWISE = re.compile(
    r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?|true|false|null|yes|no|on|off|y|n", re.IGNORECASE
)

_BASES = {
    Basis.DRAWS: "by the noise of its own draws",
    Basis.BASELINE: "by the spread of these answers",
    Basis.LAST_RUN: "by the spread of these answers",
}


def golden_text(proposal: Proposal) -> str:
    """Return the golden set that was read off the recording."""
    return "".join(json_line(case_record(case)) for case in proposal.derived)


def proposal_text(proposal: Proposal) -> str:
    """Return the envelope file."""
    return "\n".join(_lines(proposal)) + "\n"


def _lines(found: Proposal) -> Iterator[str]:
    yield "# yaml-language-server: $schema=envelope.schema.json"
    yield "#"
    yield from _comment(
        f"Proposed by evalkit init from {count_text(found.cases, 'case')}, "
        f"{_draws(found.draws)}. Every bound is as tight as these cases can prove: an unchanged "
        f"candidate keeps all that block about {_hundred(found.joint)} times in 100. They say what "
        "is, not what should be: loosen what does not matter, and tighten what does with more cases."
    )
    yield "version: 1"
    yield f"name: {_word(found.name)}"
    yield f"golden_set: {_word(found.golden_set)}"
    recorded: dict[str, Json] = {"provider": "replay", "path": found.recording}
    if found.arm is not None:
        recorded["arm"] = found.arm.value
    yield f"baseline: {_flow(recorded)}"
    yield from _comment(
        "The recording is its own candidate, so that the first gate shows the envelope at work. Name "
        "the snapshot that shall be judged here, or with --candidate."
    )
    yield f"candidate: {_flow(recorded)}"
    yield from _repeats(found)
    if found.metrics:
        yield "metrics:"
        for name, options in found.metrics.items():
            if name in found.chosen:
                yield from _comment(
                    found.chosen[name][:1].upper() + found.chosen[name][1:] + ".", 2
                )
            yield f"  {_word(name)}: {_flow(options)}"
    yield "bounds:"
    for bound in found.bounds:
        yield from _comment(_reason(bound), 2)
        yield f"  - {_flow(bound.written)}"
    if found.left_out:
        yield ""
        yield "# Not proposed"
        for line in found.left_out:
            yield from _comment(f"- {line}", hang=2)
    if found.tags:
        yield ""
        yield from _comment(
            f"Slices to bound with on:, if one of them matters: {_tags(found.tags)}."
        )


def _repeats(found: Proposal) -> Iterator[str]:
    if found.repeats > 1:
        yield from _comment(
            f"{found.repeats} draws of each case of the candidate, as the baseline has, make the "
            "differences sharper."
        )
        yield f"repeats: {found.repeats}"
        return
    yield from _comment(
        "With a live candidate, 3 draws of each case sharpen the bounds against the baseline; a "
        "baseline recorded 5 times a case sharpens them without a further call."
    )
    yield "# repeats: 3"


def _reason(bound: ProposedBound) -> str:
    result = bound.result
    arm = result.baseline if result.effect is not None else result.candidate
    today = f"{arm_text(result, arm)} today"
    if isinstance(arm, Estimate):
        low, high = (value_text(end, result.kind, result.unit) for end in (arm.lower, arm.upper))
        about = f"{interval_name(arm.confidence)} {low} to {high}"
        today += f" ({about}{', approximate' if arm.approximate else ''})"
    how = _BASES.get(bound.basis, "")
    if bound.assumed is not None:
        how = f"if two draws differ on {100 * bound.assumed:.2g} % of the cases, which was not seen"
    wish = ""
    if bound.wished is not None:
        margin, cases = bound.wished
        wish = f" {100 * margin:g} points would take about {count_text(cases, 'case')}."
    return (
        f"{today}; an unchanged candidate passes {_hundred(bound.passes)} times in 100"
        f"{f', {how}' if how else ''}.{wish}"
    ).replace("\u00a0", " ")


def _draws(draws: int) -> str:
    return "answered once each" if draws == 1 else f"answered {draws} times each"


def _hundred(chance: float) -> str:
    return f"{min(int(100 * chance + 1e-9), 99)}"


def _tags(tags: Mapping[str, int]) -> str:
    most = sorted(tags.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{one_line(tag, most=40)} ({count:,})" for tag, count in most[:MOST_TAGS]]
    rest = len(most) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


# ---------------------------------------------------------------- YAML


def _comment(text: str, indent: int = 0, *, hang: int = 0) -> Iterator[str]:
    start = f"{' ' * indent}# "
    yield from textwrap.wrap(
        one_line(text, most=2_000), COLUMNS, initial_indent=start,
        subsequent_indent=start + " " * hang, break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip


def _flow(mapping: Mapping[str, Json]) -> str:
    return "{" + ", ".join(f"{_word(key)}: {_value(item)}" for key, item in mapping.items()) + "}"


def _value(item: Json) -> str:
    if isinstance(item, dict):
        return _flow(item)
    if isinstance(item, str):
        return _word(item)
    if isinstance(item, float) and item.is_integer() and abs(item) < 1e15:
        return str(int(item))
    return json.dumps(item)


def _word(text: str) -> str:
    r"""Return a text as YAML reads it back: plain where that is safe, else in quotes.

    >>> [_word(text) for text in ("-3.5%", "june.jsonl", "no", "1e5", "a: b\n")]
    ['-3.5%', 'june.jsonl', '"no"', '"1e5"', '"a: b\\n"']
    """
    if _PLAIN.fullmatch(text) and not _ELSEWISE.fullmatch(text):
        return text
    return json.dumps(text)
