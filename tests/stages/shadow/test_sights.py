"""What is noted of each request while it passes by adds over the parts of a log."""

from __future__ import annotations

import pickle

import pytest

from evalkit.core.model import Arm, ErrorKind, SampleError
from evalkit.stages.shadow import sights as room
from evalkit.stages.shadow.sights import Sights
from tests.stages.shadow.requests import logged

FAILED = SampleError(ErrorKind.TIMEOUT)


def _seen(places: range) -> Sights:
    sights = Sights(("refusal",), 0)
    for place in places:
        for arm in Arm:
            item = logged(
                f"r{place}", output="x" * 70_000 if place == 1 else "answer", model=f"m-{arm}",
                when=None if place % 10 else 3600.0, error=FAILED if place % 7 == 0 else None,
                tags=("a",) if place == 3 else (),
            )  # fmt: skip
            sights.see(item, arm, {"refusal": 0.0})
    return sights


@pytest.mark.parametrize("cut", [0, 4, 700])
def test_the_parts_of_a_log_add_up_to_the_whole(cut: int) -> None:
    whole = _seen(range(900))
    both = pickle.loads(pickle.dumps(_seen(range(cut)))) + _seen(range(cut, 900))  # noqa: S301
    assert both.texts == whole.texts
    assert both.models == whole.models
    assert both.requests.strata() == whole.requests.strata()
    assert both.untagged is whole.untagged is False


def test_the_texts_of_a_few_requests_are_kept_cut_to_a_length() -> None:
    sights = _seen(range(900))
    assert len(sights.texts) == room.KEPT_TEXTS
    assert all(len(answers) == 2 for answers in sights.texts.values())
    longest = max(
        len(x.sample.output or "")
        for found in _seen(range(5)).texts.values()
        for x in found.values()
    )
    assert longest == room.LONGEST_TEXT


def test_whoever_answered_is_named_by_arm_and_logs_without_tags_are_known_as_such() -> None:
    sights = _seen(range(3))
    assert sights.served(Arm.CANDIDATE) == ("m-candidate",)
    assert sights.untagged
    unnamed = Sights(("refusal",), 0)
    unnamed.see(logged("r", output=None, error=FAILED), Arm.BASELINE, {})
    assert unnamed.served(Arm.BASELINE) == ()
