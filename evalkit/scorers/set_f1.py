"""How much of a list did the answer get, whatever its order?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from evalkit.core.model import ABSENT, Json
from evalkit.core.text import accepted_texts, folded, json_part
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.scorers import Case, Example, Kind, Sample, Score, Value, scorer

_BULLET = re.compile(r"\s*(?:[-*•·+]\s|\d{1,3}[.)]\s)?\s*")
_COMMA = re.compile(r"[,;](?:\s+(?:and|or)\b)?|\s(?:and|or)\s")


@dataclass(frozen=True, slots=True)
class Options:
    """How the items of an answer are told apart, and when two are the same.

    Attributes:
        items: `json` reads a JSON array (in a fenced block too), `lines` one item a line, without
            bullets and numbers, `commas` what stands between commas, semicolons, "and", "or";
            `auto` is `json` for a JSON array, else `lines` for several lines, else `commas`.
        ignore_case: "Paris" and "paris" are one item.
    """

    items: Literal["auto", "json", "lines", "commas"] = "auto"
    ignore_case: bool = True


@scorer(
    "set_f1",
    values=[
        Value("f1", Kind.SCORE),
        Value("precision", Kind.SCORE),
        Value("recall", Kind.SCORE),
    ],
    options=Options,
    needs_reference=True,
    examples=[
        Example('["b", "a"]', (1.0, 1.0, 1.0), reference=["a", "b"], note="order is nothing"),
        Example("- Red\n- Green\n", (0.8, 1.0, 0.6667), reference=["red", "green", "blue"]),
        Example("red, green and blue.", (1.0, 1.0, 1.0), reference=["red", "green", "blue"]),
        Example("1. red\n2. pink", (0.5, 0.5, 0.5), reference=["red", "green"]),
        Example("red, red, red", (1.0, 1.0, 1.0), reference=["red"], note="twice is once"),
        Example("blue, red", (1.0, 1.0, 1.0), reference="red, blue", note="a reference in a CSV"),
        Example("[]", (1.0, 1.0, 1.0), reference=[], note="nothing was asked for, and given"),
        Example("", (0.0, 0.0, 0.0), reference=["red"]),
        Example("red", (0.0, 0.0, 0.0), reference=[]),
        Example(
            "salt and pepper",
            (1.0, 1.0, 1.0),
            reference=["salt and pepper"],
            options={"items": "lines"},
        ),
        Example('{"a": 1}', (0.0, 0.0, 0.0), reference=["a"], options={"items": "json"}),
        Example("[1, 2", (0.0, 0.0, 0.0), reference=[], options={"items": "json"}),
    ],
)
def set_f1(case: Case, sample: Sample, options: Options) -> Score:
    """Compares the items of the answer with a list: 1 = the same set, 0 = nothing in common.

    A reference that is a text is taken apart as the answer is.

    `precision` is the share of the answer's items that are in the reference, `recall` the share
    of the reference's items that are in the answer, `f1` their harmonic mean. Repeated items
    count once; a final full stop does not count. Two empty sets are the same; where only one is
    empty, all three are 0, as they are where `json` finds no list. A sentence around the list ("Here are the colours:") becomes an item
    under `lines`: ask for bare lists, or for JSON.
    """
    assert case.reference is not ABSENT
    assert sample.output is not None
    listed = case.reference if isinstance(case.reference, str) else None
    texts = accepted_texts(case.reference) if listed is None else _items(listed, options.items)
    wanted = {_form(text, options) for text in texts} - {""}
    if options.items == "json" and _listed(sample.output) is None:
        return Score((0.0, 0.0, 0.0), detail="no JSON list")
    found = {_form(text, options) for text in _items(sample.output, options.items)} - {""}
    if not wanted and not found:
        return Score((1.0, 1.0, 1.0))
    shared = len(wanted & found)
    precision = shared / len(found) if found else 0.0
    recall = shared / len(wanted) if wanted else 0.0
    f1 = 2 * shared / (len(found) + len(wanted))
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    return Score((f1, precision, recall), detail=f"missing {missing[:5]}, extra {extra[:5]}")


def _form(text: str, options: Options) -> str:
    return folded(text, ignore_case=options.ignore_case).strip(" .*`\"'")


def _items(text: str, how: str) -> list[str]:
    listed = _listed(text) if how in {"auto", "json"} else None
    if how == "json" or listed is not None:
        return [] if listed is None else accepted_texts(listed)
    lines = [_BULLET.sub("", line, count=1) for line in text.splitlines() if line.strip()]
    if how == "lines" or (how == "auto" and len(lines) > 1):
        return lines
    return _COMMA.split(text)


def _listed(text: str) -> list[Json] | None:
    try:
        value = parse_json(json_part(text))
    except JsonTextError:
        return None
    return value if isinstance(value, list) else None
