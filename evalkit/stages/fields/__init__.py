"""What stands in the fields of both arms' answers becomes what differs, with limits for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evalkit.core.contract import field_path
from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, LimitKind, Statistic, Support
from evalkit.core.fields import Fact, FieldDrift, FieldEffect, FieldRow, News
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stages.fields.reading import Column, Fields, Node, Seen
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.estimates import engine_of, estimate_of
from evalkit.stats.evidence import Evidence, Observed

LEAST_PAIRS = 20
"""Of fewer pairs no interval says anything that a reader does not see himself."""
MOST_ROWS = 20
LEAST_EVIDENCE = 2.0
"""Differences so many standard errors from none are not shown: chance makes one in twenty such."""
CONFIDENCE = 0.95
VALUES_A_CHOICE = 4
"""A field offers a choice where each of its values comes that often on the average."""

MEAN = Statistic("mean")
ANYWHERE = Support(-np.inf, np.inf)
NOTHING = Seen()


@dataclass(frozen=True)
class _Pairing:
    """One fact in both arms: a number for each case that has one, not a number for the others."""

    node: Node
    fact: Fact
    of: str
    before: FloatArray
    after: FloatArray

    @cached_property
    def both(self) -> BoolArray:
        """The cases that have the fact in both arms."""
        return ~np.isnan(self.before) & ~np.isnan(self.after)

    @cached_property
    def evidence(self) -> float:
        """How many standard errors the arms are apart, if they were not."""
        apart = (self.after - self.before)[self.both]
        size = float(np.sqrt(np.square(apart).sum()))
        return abs(float(apart.sum())) / size if size else 0.0

    @cached_property
    def news(self) -> News | None:
        """Whether only one arm has it at all."""
        if not self.fact.share or self.fact is Fact.JSON:
            return None
        was, now = (bool(np.nansum(each)) for each in (self.before, self.after))
        if was is now:
            return None
        return News.APPEARS if now else News.DISAPPEARS

    @property
    def rank(self) -> tuple[float, bool, tuple[str, ...], str, str]:
        """What comes first: the strongest evidence, then what is new or gone."""
        path = tuple("" if step is None else step for step in self.node.path)
        return -self.evidence, self.news is None, path, self.fact.value, self.of


def field_drift(fields: Fields, *, declared: frozenset[str] = frozenset()) -> FieldDrift | None:
    """Return what the fields of both arms differ by; nothing where one of them has none.

    Args:
        fields: what stood in them.
        declared: every name and value that a response schema names.
    """
    if fields.hopeless or min((fields.parsed[arm] for arm in Arm), default=0) < LEAST_PAIRS:
        return None
    found = [pairing for pairing in _pairings(fields) if pairing.both.sum() >= LEAST_PAIRS]
    speaking = [one for one in found if one.evidence >= LEAST_EVIDENCE or one.news]
    speaking.sort(key=lambda one: one.rank)
    clusters = _clusters(fields)
    alpha = (1 - CONFIDENCE) / max(1, 2 * len(found))
    rows = [_row(one, clusters, alpha, declared) for one in speaking[:MOST_ROWS]]
    # What is told apart comes first, whatever is new and rare.
    rows.sort(key=lambda row: not row.effect.told)
    return FieldDrift(
        cases=fields.of,
        chosen=len(fields.cases),
        answered={arm: len(column.places) for arm, column in sorted(fields.answered.items())},
        parsed=dict(sorted(fields.parsed.items())),
        beyond=fields.beyond,
        paths=len(fields.nodes) - 1,
        looked_at=len(found),
        differ=sum(row.effect.told for row in rows),
        rows=tuple(rows),
        left_out=len(speaking) - len(rows),
        confidence=CONFIDENCE,
    )


# ---------------------------------------------------------------- facts


def _pairings(fields: Fields) -> Iterator[_Pairing]:
    size = len(fields.cases)
    arms = (Arm.BASELINE, Arm.CANDIDATE)
    whole = [_dense(fields.answered[arm], size) for arm in arms]
    yield _Pairing(fields.root, Fact.JSON, "", whole[0], whole[1])
    for node in fields.nodes:
        seen = [node.seen.get(arm, NOTHING) for arm in arms]
        counts = [_dense(one.count, size) for one in seen]
        around = [None if node.parent is None else node.parent.seen.get(arm) for arm in arms]
        if node.path and node.path[-1] is not None:
            objects = [_dense(one.opened if one else None, size) for one in around]
            yield _Pairing(node, Fact.PRESENT, "", *_shares(counts, objects))
        yield from _types(node, seen, counts, size)
        yield from _values(node, seen, size)
        for fact, columns in (
            (Fact.LENGTH, [one.lengths for one in seen]),
            (Fact.NUMBER, [one.numbers for one in seen]),
        ):
            if all(column.places for column in columns):
                yield _Pairing(node, fact, "", *(_dense(column, size) for column in columns))


def _types(node: Node, seen: list[Seen], counts: list[FloatArray], size: int) -> Iterator[_Pairing]:
    kinds = sorted({kind for one in seen for kind in one.types})
    if len(kinds) < 2:
        return
    for kind in _telling(kinds, [one.types for one in seen]):
        parts = [_dense(one.types.get(kind), size) for one in seen]
        yield _Pairing(node, Fact.TYPE, kind, *_shares(parts, counts))


def _values(node: Node, seen: list[Seen], size: int) -> Iterator[_Pairing]:
    texts = sorted({text for one in seen for text in one.values})
    often = sum(sum(one.texts.values) for one in seen)
    if not node.chooses or len(texts) < 2 or often < VALUES_A_CHOICE * len(texts):
        return
    totals = [_dense(one.texts, size) for one in seen]
    for text in _telling(texts, [one.values for one in seen]):
        parts = [_dense(one.values.get(text), size) for one in seen]
        yield _Pairing(node, Fact.VALUE, text, *_shares(parts, totals))


def _telling(names: list[str], arms: list[dict[str, Column]]) -> list[str]:
    """Return the names that have something to say: of two the rarer, whose share tells both."""
    if len(names) > 2:
        return names
    often = {name: sum(sum(arm[name].values) for arm in arms if name in arm) for name in names}
    return [min(names, key=lambda name: (often[name], name == "false", name))]


def _dense(column: Column | None, size: int) -> FloatArray:
    """Return a number a case; not a number where there is none."""
    found = np.full(size, np.nan)
    if column is not None:
        found[np.array(column.places, np.int64)] = np.array(column.values, np.float64)
    return found


def _shares(parts: list[FloatArray], wholes: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return parts of wholes in both arms: none of a whole that is there is 0."""
    found = [
        np.where(np.isnan(whole), np.nan, np.nan_to_num(part)) / np.where(np.isnan(whole), 1, whole)
        for part, whole in zip(parts, wholes, strict=True)
    ]
    return found[0], found[1]


# ---------------------------------------------------------------- rows


def _row(
    one: _Pairing,
    clusters: IntArray | None,
    alpha: float,
    declared: frozenset[str],
) -> FieldRow:
    names = [step for step in one.node.path if step is not None]
    own_word = [one.of] if one.fact is Fact.VALUE and one.of not in {"true", "false"} else []
    return FieldRow(
        path=field_path(one.node.path),
        fact=one.fact,
        of=one.of,
        baseline=_mean(one.before),
        candidate=_mean(one.after),
        baseline_n=int((~np.isnan(one.before)).sum()),
        candidate_n=int((~np.isnan(one.after)).sum()),
        pairs=int(one.both.sum()),
        effect=_effect(one, clusters, alpha),
        news=one.news,
        ranges=_ranges(one),
        declared=declared.issuperset([*names, *own_word]),
    )


def _effect(one: _Pairing, clusters: IntArray | None, alpha: float) -> FieldEffect:
    both = one.both
    place = np.arange(int(both.sum()))
    there = np.ones(place.size, np.bool_)
    evidence = Evidence(
        place.size,
        {
            Arm.BASELINE: Observed(place, one.before[both], there),
            Arm.CANDIDATE: Observed(place, one.after[both], there),
        },
        None if clusters is None else clusters[both],
    )
    support = {Fact.LENGTH: NON_NEGATIVE, Fact.NUMBER: ANYWHERE}.get(one.fact, UNIT_INTERVAL)
    engine = engine_of(evidence, LimitKind.DELTA, Arm.CANDIDATE, MEAN, support)
    if isinstance(engine, Unmeasured):  # all cases belong together
        value = float((one.after - one.before)[both].mean())
        return FieldEffect(value, -np.inf, np.inf, engine.detail, approximate=True, told=False)
    found = estimate_of(engine, evidence, list(Arm), alpha)
    return FieldEffect(
        value=found.value,
        lower=found.lower,
        upper=found.upper,
        method=found.method,
        approximate=found.approximate,
        told=found.lower > 0 or found.upper < 0,
    )


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean())


def _ranges(one: _Pairing) -> Mapping[Arm, tuple[float, float]]:
    if one.fact.share:
        return {}
    found = {
        arm: seen.ends if one.fact is Fact.NUMBER else seen.sizes
        for arm, seen in sorted(one.node.seen.items())
    }
    return {arm: ends for arm, ends in found.items() if ends is not None}


def _clusters(fields: Fields) -> IntArray | None:
    """Return a code a case, equal for cases that share a cluster; nothing if no two do."""
    codes: dict[tuple[bool, str], int] = {}
    found = [
        codes.setdefault((case.cluster is None, case.cluster or case.id), len(codes))
        for case in fields.cases
    ]
    return np.array(found, np.int64) if len(codes) < len(found) else None
