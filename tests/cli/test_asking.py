"""Times and commands as they are typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from evalkit.cli.asking import CACHE, cache_path, limits_of, seconds_of, typed
from evalkit.core.asking import Limits
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Json
from evalkit.spec.overrides import Overrides


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0), ("90s", 90.0), ("0.5", 0.5), ("10m", 600.0), ("10 min", 600.0),
        ("1.5h", 5400.0), (" 2h ", 7200.0),
    ],
)  # fmt: skip
def test_a_time_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "0", "0h", "-5", "ten", "5d", "1e3", "5m5", "m", "1,5h", "nan", "inf", "9" * 400, "٣"],
)
def test_what_is_no_time_is_answered_with_three_that_are(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        seconds_of(text)
    assert str(caught.value) == f"--max-time {text}: expected a time such as 90, 10m or 2h"


def test_what_is_not_typed_is_not_limited() -> None:
    assert limits_of(None, None, None) == Limits()
    assert limits_of(0.0, "1m", 5) == Limits(0.0, 60.0, 5)


def test_what_was_typed_can_be_typed_again() -> None:
    overrides = Overrides(
        candidate="openai:m 2", repeats=3, seed=0, inconclusive="warn", only=("a b", "c")
    )
    found = typed("gate", Path("my envelopes/e.yaml"), overrides)
    assert shlex.split(found) == [
        "evalkit", "gate", "my envelopes/e.yaml", "--candidate=openai:m 2", "--repeats=3", "--seed=0",
        "--inconclusive=warn", "--only=a b", "--only=c",
    ]  # fmt: skip


def test_what_nobody_typed_is_not_typed_again() -> None:
    prices: dict[Arm, Json] = {Arm.CANDIDATE: {"input": 1.0, "output": 2.0}}
    assert typed("run", Path("e.yaml"), Overrides(prices=prices)) == "evalkit run e.yaml"


def test_answers_are_kept_in_the_project_or_where_the_environment_says() -> None:
    assert cache_path({}) == cache_path({"EVALKIT_CACHE": ""}) == CACHE
    assert cache_path({"EVALKIT_CACHE": "else/where"}) == Path("else/where")
