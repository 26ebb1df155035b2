"""What a shadow is asked to do, and which logs it does not judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.core.errors import MeasurementError, UsageError
from evalkit.core.model import Arm
from evalkit.core.shadow import Join
from evalkit.core.wording import count_text
from evalkit.flows.shadow.plan import Tallied
from evalkit.spec.traffic import NO_MAP, FieldMap

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Asked:
    """What a shadow is asked to do.

    ``sources`` are logs with the arm that they hold, where they hold one; ``arms`` says whose
    requests bear which label. Requests before ``since`` or from ``until`` on are left out;
    where the newest is older than ``max_age`` seconds nothing is judged. ``sample`` cases are
    written to ``golden``.
    """

    sources: Sequence[str | tuple[str, Arm]]
    arms: Mapping[str, Arm]
    reader: str | None = None
    mapped: FieldMap = NO_MAP
    skip_malformed: int = 0
    since: float | None = None
    until: float | None = None
    max_age: float | None = None
    join: Join = Join.AUTO
    skip_labelled: bool = False
    sample: int = 0
    golden: Path | None = None
    reads_texts: bool = True


def refuse_to_sample(asked: Asked) -> None:
    """Refuse to draw cases from logs that hold numbers only."""
    if asked.sample:
        raise UsageError(
            "--sample-cases: these logs hold numbers and no answers; cases to label need texts"
        )


def refuse_strange(tallied: Tallied, asked: Asked) -> None:
    """Refuse logs of which no request belongs to an arm: the labels are other ones."""
    seen = tallied.seen
    if tallied.logs.tally.rows() or not (seen.strangers or seen.unlabelled):
        return
    known = " and ".join(asked.arms)
    if seen.strangers:
        found = ", ".join(list(seen.strangers)[:8])
        raise UsageError(
            f"expected requests labelled {known}, found {found}; say which is which: "
            "--arm baseline=LABEL --arm candidate=LABEL"
        )
    raise UsageError(
        f"{count_text(seen.unlabelled, 'request')} without a label of an arm; say where it stands: "
        "--map arm=PATH, or give each arm its own log: baseline=FILE candidate=FILE"
    )


def refuse_stale(tallied: Tallied, asked: Asked, now: float) -> None:
    """Refuse logs that are older than is allowed, or do not say how old they are."""
    if asked.max_age is None:
        return
    hours = tallied.logs.tally.hours
    if not hours.size:
        raise MeasurementError("no request says when it came, and --max-age was asked for")
    age = now - SECONDS_AN_HOUR * (int(hours[-1]) + 1)
    if age > asked.max_age:
        raise MeasurementError(
            f"the newest request is more than {age / SECONDS_AN_HOUR:.0f} hours old, "
            f"where at most {asked.max_age / SECONDS_AN_HOUR:g} are allowed (--max-age)"
        )
