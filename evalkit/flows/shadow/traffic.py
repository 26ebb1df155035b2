"""Where the numbers of a shadow come from, and everything that a reader of its verdict has to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.core.digest import digest
from evalkit.core.model import Arm, ErrorKind
from evalkit.core.shadow import ArmTraffic, Joined, Traffic
from evalkit.core.verdict import ArmSummary
from evalkit.core.wording import count_text
from evalkit.flows.shadow.asked import Asked
from evalkit.flows.shadow.judging import Bounds, matched
from evalkit.flows.shadow.numbers import Numbers, logged_note
from evalkit.flows.shadow.parts import Parts
from evalkit.flows.shadow.plan import FAILED_BY, Tallied
from evalkit.stages.shadow.block import ARMS, UNKNOWN_HOUR
from evalkit.stages.shadow.sights import Sights
from evalkit.stages.shadow.tally import Tally

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What logs tell about requests beside their numbers; nothing is known of errors where they say none."""

    clockless: Mapping[Arm, int]
    errors: Mapping[Arm, Mapping[str, int] | None]
    models: Mapping[Arm, tuple[str, ...]]

    @classmethod
    def of_texts(cls, tallied: Tallied, sights: Sights) -> Known:
        """Return what was seen of each request."""
        arms = _by_arm(tallied)
        return cls(
            _clockless(arms),
            {
                arm: {kind.value: found.cells.count(f"{FAILED_BY}{kind} yes") for kind in ErrorKind}
                for arm, found in arms.items()
            },
            {arm: sights.served(arm) for arm in Arm},
        )

    @classmethod
    def of_numbers(cls, tallied: Tallied, numbers: Numbers) -> Known:
        """Return what columns tell: neither what went wrong, nor which model answered."""
        columns, tally = numbers.columns, tallied.logs.tally
        named = [name for name, place in columns.metrics.items() if place == columns.failed]
        known = named and any(measure.name == named[0] for measure in tally.measures)
        arms = _by_arm(tallied)
        return cls(
            _clockless(arms),
            {
                arm: Counter({ErrorKind.OTHER.value: found.cells.count(f"{named[0]} yes")})
                if known
                else None
                for arm, found in arms.items()
            },
            dict.fromkeys(Arm, ()),
        )


def _by_arm(tallied: Tallied) -> dict[Arm, Tally]:
    return {arm: tallied.logs.tally.of_arm(code) for code, arm in enumerate(ARMS)}


def _clockless(arms: Mapping[Arm, Tally]) -> dict[Arm, int]:
    return {arm: found.within(UNKNOWN_HOUR, 0).rows() for arm, found in arms.items()}


def traffic_of(tallied: Tallied, known: Known, asked: Asked, parts: Parts) -> Traffic:
    """Return how much traffic was counted, and what became of the rest."""
    logs, match = tallied.logs, matched(tallied.logs, asked.join)
    hours = logs.tally.hours
    labels = {arm: label for label, arm in asked.arms.items()}
    pairs = logs.pairs
    users = 0 if logs.groups is None else logs.groups.users
    arms = {
        arm: ArmTraffic(
            label=labels.get(arm, arm.value),
            requests=match.requests[arm],
            unmatched=match.unmatched[arm],
            duplicates=logs.tally.again(code),
            differing=logs.tally.differing(code),
            shared=0 if pairs is None else pairs.again(code),
            clockless=known.clockless[arm],
            errors=None if (errors := known.errors[arm]) is None else sum(errors.values()),
            models=known.models[arm],
        )
        for code, arm in enumerate(Arm)
    }
    joined = Joined.PAIRED if match.paired else Joined.UNPAIRED
    if not all(match.requests.values()):
        joined = Joined.ONE_ARM
    return Traffic(
        files=tuple(dict.fromkeys(part.path for part in parts.parts)),
        arms=arms,
        joined=joined,
        pairs=pairs.pairs if pairs is not None and match.paired else 0,
        clustered=users > 0,
        users=users,
        first=int(hours[0]) if hours.size else None,
        last=int(hours[-1]) if hours.size else None,
        other_arms=tallied.seen.strangers,
        malformed=tallied.seen.malformed,
        digest=digest([logs.tally.digest(), "" if pairs is None else pairs.digest()]),
    )


def summaries(tallied: Tallied, known: Known) -> dict[Arm, ArmSummary]:
    """Return how many requests each arm has, and what went wrong with them."""
    return {
        arm: ArmSummary(
            cases=tallied.logs.tally.rows(code),
            samples=tallied.logs.tally.rows(code),
            missing=sum((known.errors[arm] or {}).values()),
            errors={kind: n for kind, n in sorted((known.errors[arm] or {}).items()) if n},
            attempts=None,
        )
        for code, arm in enumerate(Arm)
    }


def notes(
    bounds: Bounds,
    tallied: Tallied,
    asked: Asked,
    traffic: Traffic,
    parts: Parts,
    *,
    numbers: Numbers | None,
) -> Iterator[str]:
    """Yield what a reader of the verdict has to know."""
    if numbers is not None:
        yield from _of_numbers(bounds, numbers)
    if parts.ignored:
        named = ", ".join(path.rpartition("/")[2] for path in parts.ignored[:MOST_NAMED])
        more = ", …" if len(parts.ignored) > MOST_NAMED else ""
        yield f"{count_text(len(parts.ignored), 'file')} beside the logs left out: {named}{more}."
    left = bounds.left_to_gate
    if left and asked.skip_labelled:
        yield (
            f"{count_text(len(left), 'bound')} cannot be measured from logs and {'is' if len(left) == 1 else 'are'} "
            f"left to evalkit gate: {', '.join(left)}."
        )
    if traffic.joined is Joined.ONE_ARM and tallied.seen.records:
        empty = ", ".join(arm for arm, found in traffic.arms.items() if not found.requests)
        yield f"No request of the {empty} is in these logs."
    seen = tallied.seen
    if not seen.records:
        yield "There is no request at all in these logs."
    if seen.outside:
        yield f"{count_text(seen.outside, 'request')} outside of the time that was asked for left out."
    if seen.unlabelled:
        yield f"{count_text(seen.unlabelled, 'request')} without a label of an arm left out."
    if seen.undated:
        yield f"{count_text(seen.undated, 'request')} without a time left out, for a time was asked for."


def _of_numbers(bounds: Bounds, numbers: Numbers) -> Iterator[str]:
    """Yield what cannot be said where there were numbers only."""
    yield logged_note(bounds.of)
    if numbers.columns.request is None:
        yield "No id of a request was read: one that was logged again counts as often as it is there."
    yield "Where among the traffic the arms differ, and what their texts differ by, is not looked at: it needs texts."
