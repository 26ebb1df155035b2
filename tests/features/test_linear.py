"""A linear model comes out of its file as it went in, and a broken file says so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evalkit.features.linear import Linear, encoded, parsed

MODEL = Linear(
    bits=2,
    intercept=-1.0,
    scale=0.5,
    weights=np.array([2, -4, 32767, -32767], dtype=np.int16),
    features={"sorry": 1.25},
    thresholds={"refusal": 0.1},
)
NONE = np.array([], dtype=np.uint32)


def test_a_model_is_read_as_it_was_written() -> None:
    found = parsed(encoded(MODEL), "weights")
    assert encoded(found) == encoded(MODEL)
    assert (found.features, found.thresholds) == (MODEL.features, MODEL.thresholds)


def test_log_odds_are_the_intercept_the_places_by_the_root_of_their_number_and_the_features() -> (
    None
):
    two = np.array([0, 1], dtype=np.uint32)
    assert MODEL.log_odds(two, {"sorry": 2.0}) == pytest.approx(-1 - 1 / math.sqrt(2) + 2.5)


def test_without_any_place_the_intercept_is_left() -> None:
    assert MODEL.log_odds(NONE, {}) == -1.0


def test_weights_of_opposite_ends_do_not_wrap() -> None:
    ends = np.array([2, 2, 2, 2], dtype=np.uint32)
    assert MODEL.of_places(ends) == pytest.approx(4 * 32767 * 0.5 / 2)


def test_a_feature_that_the_model_does_not_know_is_an_error() -> None:
    with pytest.raises(KeyError, match="apology"):
        MODEL.log_odds(NONE, {"apology": 1.0})


@pytest.mark.parametrize("cut", [1, 2])
def test_a_file_that_was_cut_says_which_and_how_long_it_is(cut: int) -> None:
    with pytest.raises(ValueError, match=r"weights|buffer size"):
        parsed(encoded(MODEL)[:-cut], "weights")
