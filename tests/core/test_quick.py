"""Values that are made quickly are the same values."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from evalkit.core.model import Arm, Sample
from evalkit.core.quick import maker
from evalkit.core.traffic import Logged


@dataclass(frozen=True, slots=True)
class Thing:
    """A value of three kinds of field."""

    name: str
    size: int = 3
    parts: list[int] = field(default_factory=list)


def test_a_value_is_equal_to_one_made_by_its_class_and_just_as_frozen() -> None:
    made = maker(Thing)("a", parts=[1])
    assert made == Thing("a", 3, [1])
    assert type(made) is Thing
    assert repr(made) == repr(Thing("a", 3, [1]))
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - made two lines above
    with pytest.raises(FrozenInstanceError):
        made.size = 4  # type: ignore[misc]


def test_defaults_are_made_anew_for_each_value() -> None:
    first, second = (maker(Thing)("a") for _ in range(2))
    assert first.parts == []
    assert first.parts is not second.parts


def test_a_field_without_a_default_must_be_given() -> None:
    with pytest.raises(TypeError, match="name"):
        maker(Thing)()


def test_the_nouns_of_logs_can_be_made_so() -> None:
    sample = maker(Sample)("a", Arm.CANDIDATE, output="x")
    assert sample == Sample("a", Arm.CANDIDATE, output="x")
    assert maker(Logged)(sample) == Logged(sample)
