"""Slices of the traffic are counted so that parts add, and where arms differ is told with its price."""

from __future__ import annotations

import pickle
import random

import pytest

from evalkit.core.model import Arm, Message
from evalkit.stages.shadow import slices as room
from evalkit.stages.shadow.findings import found_slices, rate_metrics
from evalkit.stages.shadow.slices import EVERYTHING, SliceCounts, asked_text, slices_of
from tests.stages.shadow.requests import REFUSAL, logged

RATES = ("refusal",)
METRICS = rate_metrics((REFUSAL,))


def _traffic(
    seed: int, *, requests: int = 900, users: int = 300, kiosk: float = 0.0, base: float = 0.05
) -> list[tuple[object, Arm, dict[str, float]]]:
    """Return both arms' rows; the candidate refuses ``kiosk`` more of what comes from a kiosk."""
    rng = random.Random(seed)
    rows: list[tuple[object, Arm, dict[str, float]]] = []
    for place in range(requests):
        user = f"u{rng.randrange(users)}"
        app = rng.choice(["web", "web", "phone", "kiosk"])
        item = logged(
            f"r{place}",
            user=user,
            when=3600.0 * rng.randrange(48),
            tags=(rng.choice(["a", "b"]),),
            metadata={"app": app, "order": f"o{place}", "vip": rng.random() < 0.5},
        )
        for arm in Arm:
            extra = kiosk if arm is Arm.CANDIDATE and app == "kiosk" else 0.0
            rows.append((item, arm, {"refusal": float(rng.random() < base + extra)}))
    return rows


def _counted(rows: list[tuple[object, Arm, dict[str, float]]]) -> SliceCounts:
    counts = SliceCounts(RATES)
    for item, arm, scores in rows:
        counts.see(item, arm, scores)  # type: ignore[arg-type]
    return counts


def _as_numbers(counts: SliceCounts) -> object:
    return (
        {
            key: (part.requests, part.counts, dict(sorted(part.settled().users.items())), part.end)
            for key, part in sorted(counts.parts.items())
        },
        sorted(counts.dropped),
        counts.clustered,
    )


@pytest.mark.parametrize("cut", [0, 1, 333, 1800])
def test_the_parts_of_a_log_add_up_to_the_whole_wherever_it_is_cut(cut: int) -> None:
    rows = _traffic(1, users=800)
    both = pickle.loads(pickle.dumps(_counted(rows[:cut]))) + _counted(rows[cut:])  # noqa: S301
    assert _as_numbers(both) == _as_numbers(_counted(rows))


def test_of_many_users_those_with_the_lowest_hashes_are_kept_and_the_number_is_estimated() -> None:
    part = _counted(_traffic(2, requests=2500, users=1500)).parts[EVERYTHING].settled()
    seen = len({f"{item.user}" for item, _, _ in _traffic(2, requests=2500, users=1500)})  # type: ignore[attr-defined]
    assert len(part.users) == room.KEPT_USERS
    assert seen * 0.8 < part.user_count < seen * 1.2
    assert not part.keeps_all


def test_a_finding_says_whether_its_users_were_counted_or_estimated() -> None:
    def found(users: int) -> set[tuple[bool, bool]]:
        rows = _traffic(6, requests=3000, users=users)
        both = _counted(rows[:1500]) + _counted(rows[1500:])
        findings = found_slices(both, METRICS).findings
        return {(item.users > room.KEPT_USERS, item.users_estimated) for item in findings}

    assert found(200) == {(False, False)}
    assert (True, True) in found(1500)
    assert (True, False) not in found(1500)


def test_a_field_of_as_many_values_as_requests_is_a_name_and_no_slice() -> None:
    counts = _counted(_traffic(3))
    assert counts.dropped == {"order"}
    assert not any(field == "order" for field, _ in counts.parts)
    halves = _counted(_traffic(3)[:300]) + _counted(_traffic(3)[300:600])
    assert halves.dropped == {"order"}, "150 values in each half are 300 together"


def test_more_fields_than_anybody_would_read_are_not_looked_at() -> None:
    counts = SliceCounts(RATES)
    metadata = {f"k{place:03}": "x" for place in range(100)}
    counts.see(logged("r", metadata=metadata), Arm.BASELINE, {"refusal": 0.0})  # type: ignore[arg-type]
    assert len(counts.parts) == room.MOST_FIELDS + 1


def test_a_request_belongs_to_its_tags_its_metadata_its_hour_and_what_was_asked() -> None:
    item = logged(
        "r", when=3600.0 * 30, tags=("billing", "billing"),
        metadata={"app": "web", "vip": True, "tier": 3, "note": "x" * 61, "price": 1.5, "of": None},
        asked="Wie lange muss ich das Ei kochen, damit es hart ist und nicht bricht?",
    )  # fmt: skip
    assert list(slices_of(item)) == [
        ("tag", "billing"), ("app", "web"), ("vip", "true"), ("tier", "3"),
        ("hour of day (UTC)", "06:00"), ("length of the input", "11 to 30 words"),
        ("language of the input", "de"),
    ]  # fmt: skip


def test_of_a_conversation_the_last_turn_was_asked_and_of_variables_their_texts() -> None:
    assert asked_text((Message("user", "one"), Message("user", "two"))) == "two"
    assert asked_text(()) == ""
    assert asked_text({"a": "x", "n": 3, "b": "y"}) == "x\ny"
    assert asked_text(None) == ""


def test_a_slice_where_the_candidate_refuses_more_is_found_first() -> None:
    found = found_slices(_counted(_traffic(4, kiosk=0.25)), METRICS)
    first = found.findings[0]
    assert (first.field, first.value, first.metric, first.told) == ("app", "kiosk", "refusal", True)
    assert 0 < first.least <= first.effect.lower < 0.25 < first.effect.upper
    assert first.elsewhere is not None
    assert abs(first.elsewhere) < 0.03
    assert first.p < 0.01
    assert found.compared + found.too_small == found.looked_at


def test_a_slice_where_it_refuses_less_is_found_as_well() -> None:
    found = found_slices(_counted(_traffic(5, kiosk=-0.3, base=0.3)), METRICS)
    assert found.findings[0].value == "kiosk"
    assert found.findings[0].least < 0


def test_where_nothing_differs_hardly_ever_anything_is_told() -> None:
    runs = [found_slices(_counted(_traffic(seed, requests=400)), METRICS) for seed in range(40)]
    assert sum(any(item.told for item in run.findings) for run in runs) <= 4


def test_requests_of_a_few_users_are_worth_no_more_than_these_users() -> None:
    """Each user either always refuses or never: by requests every slice would seem to differ."""

    def told(*, users: bool) -> int:
        count = 0
        for seed in range(20):
            rng = random.Random(seed)
            counts = SliceCounts(RATES)
            for user in range(80):
                app, moods = rng.choice("wp"), [rng.random() < 0.3 for _ in Arm]
                for place in range(20):
                    item = logged(
                        f"{user}-{place}", user=f"u{user}" if users else None, metadata={"app": app}
                    )
                    for arm, mood in zip(Arm, moods, strict=True):
                        counts.see(item, arm, {"refusal": float(mood)})
            count += any(item.told for item in found_slices(counts, METRICS).findings)
        return count

    assert told(users=False) >= 12
    assert told(users=True) <= 3


def test_a_slice_of_few_requests_or_few_users_is_not_compared() -> None:
    few = found_slices(_counted(_traffic(6, requests=60)), METRICS)
    assert (few.compared, few.findings) == (0, ())
    users = found_slices(_counted(_traffic(6, requests=900, users=25)), METRICS)
    assert users.least_users == 20
    assert all(item.users >= 20 for item in users.findings)


def test_a_slice_that_is_nearly_everything_is_none() -> None:
    counts = SliceCounts(RATES)
    for place in range(500):
        item = logged(f"r{place}", metadata={"app": "web" if place else "kiosk"})
        for arm in Arm:
            counts.see(item, arm, {"refusal": 0.0})
    assert found_slices(counts, METRICS).compared == 0


def test_what_is_not_known_is_missing_and_not_a_0() -> None:
    counts = SliceCounts(RATES)
    for place in range(300):
        item = logged(f"r{place}", tags=("a",) if place % 2 else ("b",))
        for arm in Arm:
            counts.see(item, arm, {"refusal": float("nan") if place < 40 else 0.0})
    (first, _) = found_slices(counts, METRICS).findings
    assert (first.effect.missing, first.requests[Arm.CANDIDATE]) == (40, 130)
    assert first.effect.value == first.least == 0.0


def test_no_more_findings_are_listed_than_somebody_reads() -> None:
    counts = SliceCounts(RATES)
    for place in range(6000):
        item = logged(
            f"r{place}",
            metadata={f"k{n}": str(place % 2 if n % 2 else place // 100 % 2) for n in range(25)},
        )
        for arm in Arm:
            counts.see(item, arm, {"refusal": 0.0})
    found = found_slices(counts, METRICS)
    assert (len(found.findings), found.left_out) == (20, 30)


def test_users_of_whom_none_ever_refuses_are_no_more_alike_than_others() -> None:
    counts = SliceCounts(RATES)
    for place in range(400):
        item = logged(f"r{place}", user=f"u{place % 90}", tags=("a" if place % 2 else "b",))
        for arm in Arm:
            counts.see(item, arm, {"refusal": 0.0})
    assert [item.effect.value for item in found_slices(counts, METRICS).findings] == [0.0, 0.0]


def test_a_very_long_input_has_a_bin_of_its_own() -> None:
    item = logged("r", asked="word " * 1500)
    assert ("length of the input", "over 1,000 words") in list(slices_of(item))
