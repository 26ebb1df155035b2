"""What is sound in a broken envelope is read on, so that all its problems are told at once."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import cast

from evalkit.core.model import Arm, Json
from evalkit.spec.document import Trail
from evalkit.spec.problems import Fault

JsonObject = dict[str, Json]

_STAND_INS: JsonObject = {"version": 1, "name": "x", "golden_set": "x"}
_ARMS = tuple(arm.value for arm in Arm)
_LIMITS = ("min", "max", "delta", "ratio", "shift")


def repaired(data: Json, faults: Sequence[Fault]) -> tuple[Json, frozenset[Trail]]:
    """Return an envelope in which stand-ins take the place of what the grammar refused.

    Beside it stand the trails of the parts about which nothing more can be said: those with a
    stand-in, and the bounds on a metric that has one.
    """
    found = deepcopy(data)
    if not isinstance(found, dict):
        return found, frozenset({()})
    muted: set[Trail] = set()
    for trail, unknown_key in faults:
        if not (unknown_key and _removed(found, trail)):
            _stand_in(found, trail)
            muted.add(trail[:2] if trail[0] in {"bounds", "metrics"} else trail[:1])
    return found, frozenset(muted | _on_broken_metrics(found, muted))


def _removed(data: JsonObject, trail: Trail) -> bool:
    """Take an unknown key out, and return whether what is left may still be read."""
    match trail:
        case (str(key),):
            data.pop(key, None)
            return True
        case ("bounds", int(index), str(key)):
            bound = cast("JsonObject", cast("list[Json]", data["bounds"])[index])
            bound.pop(key, None)
            return not bound.keys().isdisjoint(_LIMITS)
    return False


def _stand_in(data: JsonObject, trail: Trail) -> None:
    match trail:
        case ("bounds", int(index), *_):
            cast("list[Json]", data["bounds"])[index] = _bound(index)
        case ("bounds", *_):
            data["bounds"] = [_bound(0)]
        case ("metrics", str(name), *_):
            cast("JsonObject", data["metrics"]).pop(name, None)
        case (str(arm),) if arm in _ARMS:
            data[arm] = {"provider": "replay"}
        case (str(arm), "provider", *_) if arm in _ARMS:
            cast("JsonObject", data[arm])["provider"] = "replay"
        case (str(arm), str(key), *_) if arm in _ARMS:
            cast("JsonObject", data[arm]).pop(key, None)
        case (str(key), *_):
            data.pop(key, None)
            data |= {name: value for name, value in _STAND_INS.items() if name == key}


def _bound(index: int) -> Json:
    return {"metric": "error_rate", "max": 0.5, "name": f"bounds[{index}]"}


def _on_broken_metrics(data: JsonObject, muted: set[Trail]) -> set[Trail]:
    if ("metrics",) in muted:
        return {("bounds",)}
    broken = {trail[1] for trail in muted if trail[0] == "metrics"}
    return {
        ("bounds", index)
        for index, bound in enumerate(cast("list[Json]", data.get("bounds", [])))
        if isinstance(bound, dict) and str(bound.get("metric")).partition(".")[0] in broken
    }
