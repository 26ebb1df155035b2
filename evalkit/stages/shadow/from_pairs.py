"""Both arms compared by what they answered to the same requests."""

from __future__ import annotations

from fractions import Fraction

from evalkit.core.envelope import Support
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.cells import Cells
from evalkit.stages.shadow.grouping import PAIRS as PAIRS_OF_USERS
from evalkit.stages.shadow.grouping import USERS
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import moments_of
from evalkit.stages.shadow.views import OVER_USERS, engine_t, ratio_of, units_of
from evalkit.stats.engines.bounded import BoundedMean
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.engines.unbounded import UnboundedMean
from evalkit.stats.moments import Group, Moments
from evalkit.stats.skew_t import Spread

DIFFERENCES = Support(-1.0, 1.0)


def is_paired(logs: Logs) -> bool:
    """Return whether any request was answered by both arms."""
    return logs.pairs is not None and logs.pairs.pairs > 0


def known_pairs(logs: Logs, measure: Measure) -> tuple[int, int]:
    """Return how many pairs have both values, and how many there are."""
    assert logs.pairs is not None
    cells, name = logs.pairs.cells, measure.name
    if not measure.rate:
        return cells.count(f"{name} known"), logs.pairs.pairs
    return sum(cells.count(f"{name} {state}") for state in _STATES), logs.pairs.pairs


_STATES = ("00", "01", "10", "11")


def users_of_pairs(logs: Logs, measure: Measure) -> int:
    """Return how many users pairs are of; 0 where not every pair is known to be of one user."""
    groups = logs.groups
    if groups is None or logs.pairs is None:
        return 0
    if groups.people.count(PAIRS_OF_USERS) != logs.pairs.pairs:
        return 0
    cells = groups.pairs[measure.name]
    return cells.count(USERS)


def of_pairs(logs: Logs, measure: Measure, *, ratio: bool) -> Engine | Unmeasured:
    """Return the engine of a difference or a ratio over pairs, or why there is none."""
    known, pairs = known_pairs(logs, measure)
    users = users_of_pairs(logs, measure)
    if not known:
        return Unmeasured(
            Reason.NO_VALUES, f"0 of {pairs:,} pairs have a {measure.name} in both arms"
        )
    assert logs.pairs is not None
    if measure.rate and not ratio and users < 2:
        return _paired_rate(logs.pairs.cells, measure.name, users)
    if (users or known) < 2:
        return Unmeasured(
            Reason.NO_VALUES, f"{known:,} pairs of {measure.name}: two independent ones are needed"
        )
    moments = Moments.of(_groups_of_pairs(logs, measure, known, users))
    method = f"skew-guarded t on pairs{OVER_USERS if users else ''}"
    if not ratio and measure.rate and not moments.spread().error:
        return _paired_rate(logs.pairs.cells, measure.name, users)
    if not ratio:
        return engine_t(
            _exact_where_equal(moments.spread(), logs.pairs.cells, measure.name), method
        )
    b, c = moments.baseline, moments.baseline + moments.mean

    def difference(factor: float) -> UnboundedMean:
        return engine_t(moments.spread(1.0 - factor), method)

    return ratio_of(b, c, difference)


def _exact_where_equal(spread: Spread, cells: Cells, name: str) -> Spread:
    if name in cells.least:
        low, high = float(cells.least[name].min()), float(cells.most[name].max())
        if low == high:
            return Spread(low, 0.0, spread.freedom, 0.0, spread.units)
    return spread


def _groups_of_pairs(logs: Logs, measure: Measure, known: int, users: int) -> list[Group]:
    assert logs.pairs is not None
    if users:
        assert logs.groups is not None
        cells = logs.groups.pairs[measure.name]
        return [
            Group(
                int(code),
                int(cells.counts[USERS][place]),
                {name: cells.sums[name].fraction(place) for name in moments_of(measure)},
            )
            for place, code in enumerate(cells.codes.tolist())
        ]
    cells, name = logs.pairs.cells, measure.name
    if not measure.rate:
        sums = {
            moment: cells.sums[f"{name} {moment}"].everything() for moment in moments_of(measure)
        }
        return [Group(1, known, sums)]
    gained, lost, both = (cells.count(f"{name} {state}") for state in ("01", "10", "11"))
    b, changed = lost + both, gained + lost
    found = {
        "b": b, "d": gained - lost, "bb": b, "bd": -lost, "dd": changed,
        "bbb": b, "bbd": -lost, "bdd": lost, "ddd": gained - lost,
    }  # fmt: skip
    return [Group(1, known, {key: Fraction(value) for key, value in found.items()})]


def _paired_rate(cells: Cells, name: str, users: int = 0) -> Engine:
    same, gained, lost, both = (cells.count(f"{name} {state}") for state in _STATES)
    known = same + gained + lost + both
    value = (gained - lost) / known
    units = units_of({-1.0: lost, 0.0: same + both, 1.0: gained})
    if users:
        # Users of whom none differs from another: each is one unit.
        units = units_of({float(value): users})
    return BoundedMean(
        value, units, units, DIFFERENCES, f"Gaffke on pairs{OVER_USERS if users else ''}"
    )
