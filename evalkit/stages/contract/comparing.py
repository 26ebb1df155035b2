"""Two schemas are walked together, place by place of an answer, whatever their references lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evalkit.core.contract import Effect
from evalkit.core.digest import canonical_json
from evalkit.core.errors import UsageError
from evalkit.core.model import ABSENT, Json
from evalkit.features.format_version import FIELD
from evalkit.features.schema import SoundSchema
from evalkit.features.searching import SlowPatternError
from evalkit.stages.contract.found import Found, Step, merged, shown
from evalkit.stages.contract.nodes import TYPES, Form, Place, forms
from evalkit.stages.contract.overlaps import ONE_OF, may_overlap, one_of
from evalkit.stages.contract.words import not_understood, remarks, said, words

MOST_PAIRS = 100_000
"""So many pairs of places are compared; a schema of real answers has some hundreds."""

NAMED = 5
"""So many values are named; the others are counted."""

IN_WORDS = {
    "object": "an object", "array": "a list", "string": "a text", "integer": "a whole number",
    "number": "a number with a fraction", "boolean": "a boolean", "null": "null",
}  # fmt: skip


class Comparing:
    """Finds what a reader of answers meets anew; every pair of places is looked at once.

    A pair that is met again inside itself holds no further change: a reference that runs in a circle
    ends there.
    """

    def __init__(self, old: SoundSchema, new: SoundSchema) -> None:
        self._old, self._new = old, new
        self._was, self._is = old.validator(), new.validator()
        self._same = canonical_json(old.schema) == canonical_json(new.schema)
        self._known: dict[tuple[object, ...], list[Found]] = {}
        self._open: dict[tuple[object, ...], int] = {}
        self._lowest = MOST_PAIRS
        self._pairs = 0

    def changes(self) -> list[Found]:
        """Return all changes, as seen from the top of an answer.

        Raises:
            UsageError: the schemas are too large, or nested too deeply.
        """
        try:
            return self._compared(
                Place.of([(self._old.schema, self._old.resolver)]),
                Place.of([(self._new.schema, self._new.resolver)]),
            )
        except RecursionError:
            raise UsageError("the schemas are nested too deeply to be compared") from None
        except SlowPatternError:
            raise UsageError(
                "a pattern of the schemas takes too long to search the names and values in them"
            ) from None

    # ------------------------------------------------------------ places

    def _compared(self, old: Place, new: Place) -> list[Found]:
        key = (old.key, old.never, new.key, new.never)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            self._lowest = min(self._lowest, self._open[key])
            return []
        self._pairs += 1
        if self._pairs > MOST_PAIRS:
            raise UsageError(
                f"the schemas are too large to be compared: over {MOST_PAIRS:,} pairs of places"
            )
        depth = len(self._open)
        self._open[key] = depth
        outer, self._lowest = self._lowest, MOST_PAIRS
        found = merged(self._of_places(old, new))
        del self._open[key]
        if self._lowest >= depth:  # it leans on nothing that is still being looked at
            self._known[key] = found
            self._lowest = outer
        else:
            self._lowest = min(outer, self._lowest)
        return found

    def _of_places(self, old: Place, new: Place) -> Iterator[Found]:
        before = forms(old, lone_references=self._old.lone_references)
        after = forms(new, lone_references=self._new.lone_references)
        if before is None or after is None:
            why = "So many forms are not compared one by one: look at it yourself."
            if (
                canonical_json([part for part, _ in old.parts])
                != canonical_json([part for part, _ in new.parts])
                or not self._same
            ):
                yield Found("anyOf", Effect.UNCLEAR, None, None, why, (old.key, new.key))
            return
        yield from self._remarks(old, new)
        yield from _types(before, after, (old.key, new.key))
        for kind in TYPES:
            was = [form for form in before if kind in form.types]
            now = [form for form in after if kind in form.types]
            if was and now:
                yield from self._matched(kind, was, now)

    def _remarks(self, old: Place, new: Place) -> Iterator[Found]:
        root = any(part is self._old.schema for part, _ in old.parts)
        besides = frozenset({"$schema", "$id"} if not root else ())
        yield from remarks(Form(_own(old)), Form(_own(new)), besides=besides)

    # ------------------------------------------------------------ forms

    def _matched(self, kind: str, old: Sequence[Form], new: Sequence[Form]) -> Iterator[Found]:
        """Compare each form with the one of old that it has the least against."""
        left = set(range(len(old)))
        for form in new:
            alike = [
                place
                for place, other in enumerate(old)
                if len(old) == len(new) == 1 or _alike(kind, other, form)
            ]
            trials = [(self._form(kind, old[place], form), place) for place in alike]
            if not trials:
                names = (_name(other) for other in old)
                why = "A reader that knows the other forms meets one that it does not."
                yield Found(
                    "anyOf", Effect.BREAKING, shown([*names]), shown(_name(form)), why,
                    (tuple(id(p) for p, _ in form.parts),),
                )  # fmt: skip
                continue
            found, place = min(
                trials, key=lambda trial: (_weight(trial[0]), trial[1] not in left, trial[1])
            )
            left.discard(place)
            yield from found
        for place in sorted(left):
            form = old[place]
            if not any(self._within(kind, form, other) for other in new):
                why = "Narrower: this form no longer comes."
                key = (tuple(id(part) for part, _ in form.parts),)
                yield Found("anyOf", Effect.ADDITIVE, shown(_name(form)), None, why, key)

    def _within(self, kind: str, old: Form, new: Form) -> bool:
        """Return whether all of a form still may come: the other way round, nothing would break."""
        effects = {change.effect for change in self._form(kind, new, old)}
        return Effect.BREAKING not in effects

    def _form(self, kind: str, old: Form, new: Form) -> list[Found]:
        before = _fitting(old.values_of(kind), old, self._was)
        after = _fitting(new.values_of(kind), new, self._is)
        found = [*not_understood(old, new, same=self._same), *self._choices(kind, old, new)]
        if after is not None:
            found += self._values(old, new, before, after)
        elif before is not None:
            why = f"Any {kind} may come where only listed values did."
            told = _listed(before.values()), None
            found.append(Found("enum", Effect.BREAKING, *told, why, said("enum", old, new)))
        else:
            found += words(kind, old, new)
            if kind == "object":
                found += self._objects(old, new)
            elif kind == "array":
                found += self._lists(old, new)
        return merged(found)

    def _choices(self, kind: str, old: Form, new: Form) -> Iterator[Found]:
        """Tell of a ``oneOf`` that changed and ruled out whatever fits two of its forms."""
        after = [places for part in new.parts if (places := one_of(*part))]
        for part in old.parts:
            before = one_of(*part)
            if may_overlap(kind, before, lone_references=self._old.lone_references) and not any(
                self._same_choice(before, places) for places in after
            ):
                why = "What fits two of these forms was ruled out; whether it may come now cannot be told."
                said_now = new.given(ONE_OF)
                ends = shown(part[0][ONE_OF]), shown(said_now[0] if said_now else ABSENT)
                yield Found(ONE_OF, Effect.UNCLEAR, *ends, why, (id(part[0]),))

    def _same_choice(self, old: Sequence[Place], new: Sequence[Place]) -> bool:
        return len(old) == len(new) and all(
            any(
                all(change.effect is Effect.COSMETIC for change in self._compared(one, other))
                for other in new
            )
            for one in old
        )

    def _values(self, old: Form, new: Form, before: Any, after: Any) -> Iterator[Found]:
        word = "const" if new.given("const") and not new.given("enum") else "enum"
        key = said(word, old, new)
        if before is None:
            fitting = _fitting(after, old, self._was) or {}
            unfit = [value for text, value in after.items() if text not in fitting]
            effect = Effect.BREAKING if unfit else Effect.ADDITIVE
            why = (
                f"Values may come that the old schema ruled out: {_names(unfit)}."
                if unfit
                else "Narrower: only these values come."
            )
            yield Found(word, effect, None, _listed(after.values()), why, key)
            return
        new_ones = [value for text, value in after.items() if text not in before]
        gone = [value for text, value in before.items() if text not in after]
        told = _listed(before.values()), _listed(after.values())
        if new_ones:
            many = "values" if len(new_ones) > 1 else "a value"
            why = f"A reader that knows the old values meets {many} that it does not: {_names(new_ones)}."
            yield Found(word, Effect.BREAKING, *told, why, key)
        if gone:
            verb = "come" if len(gone) > 1 else "comes"
            why = f"Narrower: {_names(gone)} no longer {verb}."
            yield Found(word, Effect.ADDITIVE, *told, why, key)
        if not new_ones and not gone and [*before] != [*after]:
            yield Found(word, Effect.COSMETIC, *told, "The same values in another order.", key)

    # ------------------------------------------------------------ objects

    def _objects(self, old: Form, new: Form) -> Iterator[Found]:
        names = dict.fromkeys((*old.names, *new.names, *old.required, *new.required))
        for name in names:
            yield from self._property(name, old, new)
        yield from self._others(old, new)
        both = [[name for name in form.names if name in names] for form in (old, new)]
        common = [
            [name for name in each if name in old.names and name in new.names] for each in both
        ]
        if common[0] != common[1]:
            why = "The same properties in another order: a model that fills them in order may answer otherwise."
            yield Found(
                "properties",
                Effect.COSMETIC,
                shown([*common[0]]),
                shown([*common[1]]),
                why,
                said("properties", old, new),
            )

    def _property(self, name: str, old: Form, new: Form) -> Iterator[Found]:
        before, after = old.named(name), new.named(name)
        was_there, is_there = name in old.required, name in new.required
        told = _schema(before, old, name), _schema(after, new, name)
        key = said("properties", old, new)

        def change(word: str, effect: Effect, why: str) -> Found:
            ends = told if word == "properties" else (shown(was_there), shown(is_there))
            return Found(word, effect, *ends, why, (*key, name), (name,))

        listed = name in old.names, name in new.names
        if before.never and after.never:
            return
        if before.never:
            why = "The old schema allowed no further property: a reader that holds answers to it refuses this one."
            yield change("properties", Effect.BREAKING, why)
        elif after.never or (listed[0] and not listed[1] and was_there and not is_there):
            why = (
                "It was always there, and a reader that relies on it finds it missing."
                if was_there
                else "Narrower: it could be missing before, and no longer comes."
            )
            yield change("properties", Effect.BREAKING if was_there else Effect.ADDITIVE, why)
        elif listed[1] and not listed[0] and before.anything and not was_there:
            why = "A new property, where readers had to expect further ones."
            yield change("properties", Effect.ADDITIVE, why)
        elif listed[0] and not listed[1] and after.anything and not before.anything:
            why = "No longer described: it may still come, and as anything."
            yield change("properties", Effect.BREAKING, why)
        else:
            if was_there and not is_there:
                yield change(
                    "required", Effect.BREAKING, "It was always there, and may be missing now."
                )
            elif is_there and not was_there:
                yield change("required", Effect.ADDITIVE, "Narrower: it is always there now.")
            yield from (found.below(name) for found in self._compared(before, after))

    def _others(self, old: Form, new: Form) -> Iterator[Found]:
        yield from self._rest(
            "additionalProperties", "properties", "*", (old, old.others), (new, new.others)
        )
        before, after = old.patterns, new.patterns
        for pattern in dict.fromkeys((*before, *after)):
            if pattern in before and pattern in after:
                found = self._compared(before[pattern], after[pattern])
                yield from (change.below(f"/{pattern}/") for change in found)
            else:
                why = "Which properties match a pattern is not compared: look at it yourself."
                yield Found(
                    "patternProperties", Effect.UNCLEAR,
                    shown(pattern) if pattern in before else None,
                    shown(pattern) if pattern in after else None,
                    why, (*said("patternProperties", old, new), pattern),
                )  # fmt: skip

    # ------------------------------------------------------------ lists

    def _lists(self, old: Form, new: Form) -> Iterator[Found]:
        firsts = max(old.firsts, new.firsts)
        for index in range(firsts):
            pair = (old, old.item(index)), (new, new.item(index))
            yield from self._rest("prefixItems", "items here", index, *pair)
        pair = (old, old.item(firsts)), (new, new.item(firsts))
        yield from self._rest("items", "items", None, *pair)

    def _rest(
        self, word: str, what: str, step: Step, old: tuple[Form, Place], new: tuple[Form, Place]
    ) -> Iterator[Found]:
        """Compare what holds for those that are not described one by one, if there may be any."""
        (was, before), (now, after) = old, new
        if before.never and after.never:
            return
        if before.never or after.never:
            effect = Effect.BREAKING if before.never else Effect.ADDITIVE
            why = (
                f"There may be further {what} where the old schema allowed none."
                if before.never
                else f"Narrower: there are no further {what}."
            )
            yield Found(
                word,
                effect,
                shown(not before.never),
                shown(not after.never),
                why,
                (*said(word, was, now), step),
            )
            return
        yield from (found.below(step) for found in self._compared(before, after))


# ---------------------------------------------------------------- parts


def _types(
    old: Sequence[Form], new: Sequence[Form], said_by: tuple[object, ...]
) -> Iterator[Found]:
    """Tell of the types that only one of the schemas allows."""
    before, after = (frozenset(kind for form in each for kind in form.types) for each in (old, new))
    gained, lost = after - before, before - after
    told = _typed(before), _typed(after)
    if gained:
        why = f"It may be {_in_words(gained)} now."
        yield Found("type", Effect.BREAKING, *told, why, said_by)
    elif lost:
        why = f"Narrower: it is never {_in_words(lost)} any more."
        yield Found("type", Effect.ADDITIVE, *told, why, said_by)


def _typed(found: frozenset[str]) -> str | None:
    """Return types as a schema writes them; nothing where all are allowed."""
    whole = "number" in found
    names: list[Json] = [
        kind for kind in TYPES if kind in found and (kind != "integer" or not whole)
    ]
    if len(found) == len(TYPES):
        return None
    return shown(names[0] if len(names) == 1 else names)


def _in_words(found: frozenset[str]) -> str:
    words = dict(IN_WORDS)
    if {"integer", "number"} <= found:
        words |= {"integer": "", "number": "a number"}
    names = [words[kind] for kind in TYPES if kind in found and words[kind]]
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _own(place: Place) -> tuple[tuple[dict[str, Json], Any], ...]:
    """Return what says something about a place itself: its own words before what they refer to."""
    found = list(place.parts)
    for part, resolver in place.parts:
        reference = part.get("$ref")
        if isinstance(reference, str):
            target = resolver.lookup(reference)
            if isinstance(target.contents, dict):
                found.append((target.contents, target.resolver))
    return tuple(found)


def _alike(kind: str, old: Form, new: Form) -> bool:
    """Return whether two forms may be one: where both bear a mark, it is the same."""
    if kind != "object":
        return True
    marks = _marks(old), _marks(new)
    common = marks[0].keys() & marks[1].keys()
    return all(marks[0][name].keys() & marks[1][name].keys() for name in common)


def _fitting(
    values: Mapping[str, Json] | None, form: Form, validator: Any
) -> Mapping[str, Json] | None:
    """Return those of some values that keep to a form whatever else it says; nothing of nothing."""
    if values is None:
        return None
    parts = [validator.evolve(schema=part, _resolver=resolver) for part, resolver in form.parts]
    return {text: value for text, value in values.items() if all(p.is_valid(value) for p in parts)}


def _marks(form: Form) -> dict[str, Mapping[str, Json]]:
    """Return the properties that have listed values, by which forms are told apart."""
    names = [name for name in form.names if name != FIELD]
    found = {name: Form(form.named(name).parts).values for name in names}
    return {name: values for name, values in found.items() if values is not None}


def _weight(found: Iterable[Found]) -> tuple[int, int, int]:
    effects = [change.effect for change in found]
    return effects.count(Effect.BREAKING), effects.count(Effect.UNCLEAR), len(effects)


def _name(form: Form) -> Json:
    """Return what a form is called: its title, what its mark says, or its words."""
    for title in form.given("title"):
        return title
    marks = {name: [*values.values()] for name, values in _marks(form).items()}
    if marks:
        return {name: values[0] if len(values) == 1 else values for name, values in marks.items()}
    return {word: value for part, _ in form.parts for word, value in part.items()}


def _schema(place: Place, form: Form, name: str) -> str | None:
    if name not in form.names or place.never:
        return None
    said_of = [part for part, _ in place.parts]
    return shown(said_of[0] if len(said_of) == 1 else [*said_of] or True)


def _listed(values: Iterable[Json]) -> str | None:
    found = [*values]
    return shown(found[0] if len(found) == 1 else found)


def _names(values: Sequence[Json]) -> str:
    named = ", ".join(str(shown(value)) for value in values[:NAMED])
    more = len(values) - NAMED
    return f"{named} and {more:,} more" if more > 0 else named
