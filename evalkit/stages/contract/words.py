"""What of a schema can be told from its words alone: ranges, patterns, remarks, and the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from evalkit.core.contract import Effect
from evalkit.core.digest import canonical_json
from evalkit.core.model import ABSENT, Absent, Json
from evalkit.stages.contract.found import Found, shown
from evalkit.stages.contract.nodes import Form

REMARKS = (
    "title", "description", "examples", "default", "$comment", "deprecated", "readOnly",
    "writeOnly", "$schema", "$id",
)  # fmt: skip
"""What is said about an answer, and holds it to nothing."""

UNHEARD = frozenset({
    "$anchor", "$dynamicAnchor", "$vocabulary", "$defs", "definitions", "$ref", "allOf", "anyOf",
    "oneOf", "id",
})  # fmt: skip
"""What only leads elsewhere: where it leads is compared."""

COMPARED = frozenset({
    "type", "enum", "const", "properties", "required", "additionalProperties", "patternProperties",
    "minProperties", "maxProperties", "items", "prefixItems", "additionalItems", "minItems",
    "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "contentEncoding",
    "contentMediaType", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
})  # fmt: skip

_REFERS = re.compile(r"\$(dynamic|recursive)?Ref\b", re.IGNORECASE)

SIZES = {"object": "Properties", "array": "Items", "string": "Length"}
COUNTED = {"Properties": "properties", "Items": "items", "Length": "characters"}
LABELS = {"string": ("format", "contentEncoding", "contentMediaType")}


def words(kind: str, old: Form, new: Form) -> Iterator[Found]:
    """Yield the changes of what holds for a type and needs no further look inside."""
    if kind in SIZES:
        yield from _sizes(SIZES[kind], old, new)
    if kind == "string":
        yield from _patterns(old, new)
        for word in LABELS[kind]:
            yield from _label(word, old, new)
    elif kind in {"integer", "number"}:
        yield from _range(old, new)
        yield from _multiples(old, new)
    elif kind == "array":
        yield from _uniqueness(old, new)


def not_understood(old: Form, new: Form, *, same: bool) -> Iterator[Found]:
    """Yield the changes of words whose meaning nobody here compares.

    Args:
        old: a form of the old schema.
        new: its counterpart.
        same: whether both schemas are the same: a reference among such words may lead anywhere.
    """
    known = COMPARED | UNHEARD | {*REMARKS}
    names = dict.fromkeys(
        word for form in (old, new) for part, _ in form.parts for word in part if word not in known
    )
    for word in names:
        before, after = old.given(word), new.given(word)
        texts = [sorted({canonical_json(value) for value in each}) for each in (before, after)]
        refers = any(_REFERS.search(text) for text in (word, *texts[0]))
        if texts[0] != texts[1] or (refers and not same):
            why = f"What {word} means for a reader is not compared: look at it yourself."
            yield _changed(word, Effect.UNCLEAR, _one(before), _one(after), why, old, new)


def remarks(old: Form, new: Form, *, besides: frozenset[str] = frozenset()) -> Iterator[Found]:
    """Yield the changes of what holds an answer to nothing, but for some words."""
    for word in REMARKS:
        before, after = old.given(word)[:1], new.given(word)[:1]
        if word not in besides and [*map(canonical_json, before)] != [*map(canonical_json, after)]:
            why = "A remark: no answer is held to it, though a model may read it."
            yield _changed(word, Effect.COSMETIC, _one(before), _one(after), why, old, new)


# ---------------------------------------------------------------- kinds


def _sizes(what: str, old: Form, new: Form) -> Iterator[Found]:
    counted = COUNTED[what]
    for word, least in ((f"min{what}", True), (f"max{what}", False)):
        pick = max if least else min
        none = 0.0 if least else math.inf
        before, after = (pick([*form.numbers(word), none]) for form in (old, new))
        if word == "maxItems":
            before, after = min(before, old.most_items), min(after, new.most_items)
        side = "Fewer" if least else "More"
        yield from _limit(
            word, before, after, least=least, wider=f"{side} {counted} may come.", old=old, new=new
        )


def _range(old: Form, new: Form) -> Iterator[Found]:
    whole = "number" not in old.types | new.types
    for word, least in (("minimum", True), ("maximum", False)):
        (before, open_before), (after, open_after) = (
            _end(form, least=least, whole=whole) for form in (old, new)
        )
        side = "Smaller" if least else "Larger"
        if before != after:
            yield from _limit(
                word,
                before,
                after,
                least=least,
                wider=f"{side} numbers may come.",
                old=old,
                new=new,
            )
        elif open_before != open_after:
            effect = Effect.BREAKING if open_before else Effect.ADDITIVE
            why = (
                f"{before:g} itself may come."
                if open_before
                else f"Narrower: not even {before:g} comes."
            )
            yield _changed(_exclusive(word), effect, open_before, open_after, why, old, new)


def _end(form: Form, *, least: bool, whole: bool) -> tuple[float, bool]:
    """Return the end of a range, and whether it is itself outside; of whole numbers the last one inside."""
    word, pick = ("minimum", max) if least else ("maximum", min)
    strict = _exclusive(word)
    none = -math.inf if least else math.inf
    closed, opened = form.numbers(word), form.numbers(strict)
    if True in form.given(strict):  # as draft 4 writes it
        closed, opened = [], [*opened, *closed]
    end = pick([*closed, *opened], default=none)
    if whole and math.isfinite(end):
        inside = math.ceil(end) if least else math.floor(end)
        step = 1 if least else -1
        return inside + step * (inside == end and end in opened), False
    return end, end in opened


def _exclusive(word: str) -> str:
    return f"exclusive{word.capitalize()}"


def _limit(
    word: str, before: float, after: float, *, least: bool, wider: str, old: Form, new: Form
) -> Iterator[Found]:
    if before == after:
        return
    told = [
        None if math.isinf(end) or (least and end == 0 and word != "minimum") else end
        for end in (before, after)
    ]
    looser = after < before if least else after > before
    effect = Effect.BREAKING if looser else Effect.ADDITIVE
    why = wider if looser else "Narrower: what comes was allowed before."
    ends = [ABSENT if end is None else _plain(end) for end in told]
    yield _changed(word, effect, ends[0], ends[1], why, old, new)


def _patterns(old: Form, new: Form) -> Iterator[Found]:
    before, after = ({*map(str, form.given("pattern"))} for form in (old, new))
    if before <= after:
        if before != after:
            yield _changed("pattern", Effect.ADDITIVE, _any(before), _any(after),
                "Narrower: texts have to match a further pattern.", old, new)  # fmt: skip
    elif after <= before:
        yield _changed("pattern", Effect.BREAKING, _any(before), _any(after),
            "Texts may come that the pattern ruled out.", old, new)  # fmt: skip
    else:
        yield _changed("pattern", Effect.UNCLEAR, _any(before), _any(after),
            "Whether each text of the new pattern fits the old one cannot be told.", old, new)  # fmt: skip


def _label(word: str, old: Form, new: Form) -> Iterator[Found]:
    before, after = ({*map(str, form.given(word))} for form in (old, new))
    if before == after:
        return
    if before < after:
        why = "Narrower: texts are said to be of a form."
        yield _changed(word, Effect.ADDITIVE, _any(before), _any(after), why, old, new)
    else:
        why = f"A reader that takes these texts for {' and '.join(sorted(before))} fails."
        yield _changed(word, Effect.BREAKING, _any(before), _any(after), why, old, new)


def _uniqueness(old: Form, new: Form) -> Iterator[Found]:
    before, after = (True in form.given("uniqueItems") for form in (old, new))
    if before and not after:
        why = "An item may come twice."
        yield _changed("uniqueItems", Effect.BREAKING, before, after, why, old, new)
    elif after and not before:
        why = "Narrower: no item comes twice."
        yield _changed("uniqueItems", Effect.ADDITIVE, before, after, why, old, new)


def _multiples(old: Form, new: Form) -> Iterator[Found]:
    before, after = ([Fraction(str(n)) for n in form.numbers("multipleOf")] for form in (old, new))
    lost = [step for step in before if not any(n % step == 0 for n in after)]
    won = [step for step in after if not any(n % step == 0 for n in before)]
    told = [_one(form.given("multipleOf")) for form in (old, new)]
    if lost:
        why = "Numbers between the old steps may come."
        yield _changed("multipleOf", Effect.BREAKING, told[0], told[1], why, old, new)
    elif won:
        why = "Narrower: numbers come in larger steps."
        yield _changed("multipleOf", Effect.ADDITIVE, told[0], told[1], why, old, new)


# ---------------------------------------------------------------- parts


def _changed(  # noqa: PLR0917 - in the order a change is told
    word: str,
    effect: Effect,
    before: Json | Absent,
    after: Json | Absent,
    why: str,
    old: Form,
    new: Form,
) -> Found:
    return Found(word, effect, shown(before), shown(after), why, said(word, old, new))


def said(word: str, old: Form, new: Form) -> tuple[object, ...]:
    """Return which objects of both schemas say something by a word; where none does, all of them."""
    return tuple(
        tuple(id(part) for part, _ in form.parts if word in part)
        or tuple(id(part) for part, _ in form.parts)
        for form in (old, new)
    )


def _one(given: Sequence[Json]) -> Json | Absent:
    if not given:
        return ABSENT
    return given[0] if len(given) == 1 else list(given)


def _any(names: set[str]) -> Json | Absent:
    return _one(sorted(names))


def _plain(number: float) -> Json:
    return int(number) if float(number).is_integer() else number
