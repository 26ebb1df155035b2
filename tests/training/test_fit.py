"""The trainer finds what is there, the same twice, and keeps what it says about mistakes in order."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.features.hashed import hashes, places, runs, words
from evalkit.features.linear import encoded
from training.bands import EDGES, bands
from training.confusion import page_with
from training.fit import Fitted, Rows, fit, folds, out_of_fold, quantised, rows_of, telling

TEXTS = [f"{('sorry i cannot', 'sure here is')[n % 2]} thing {n}" for n in range(60)]
LABELS = np.array([1.0 - n % 2 for n in range(60)])
EVEN = np.ones(60)


def _rows() -> Rows:
    found = [words(text) for text in TEXTS]
    return rows_of(
        [places(runs(hashes(w)), [(0, 0, len(w))], bits=10) for w in found],
        [{"even": 1.0} if n % 2 == 0 else {} for n in range(60)],
        [int(n % 3 == 0) for n in range(60)],
        bits=10,
        names=("even", "never"),
    )


def _fitted(rows: Rows) -> Fitted:
    return fit(rows, LABELS, EVEN, l2=1.0, l2_of_names=1.0)


def test_what_separates_the_labels_is_learnt_and_found_again_out_of_fold() -> None:
    rows = _rows()
    said = out_of_fold(rows, LABELS, EVEN, folds(TEXTS), l2=1.0, l2_of_names=1.0)
    assert ((said > 0) == (LABELS == 1)).all()


def test_a_place_that_tells_the_labels_apart_is_drawn_less() -> None:
    rows = _rows()
    told = telling(rows, LABELS, EVEN, 1.0)
    (sorry,), (thing,) = (hashes([word]) for word in ("sorry", "thing"))
    sorry_at, thing_at = (places([np.array([h])], [(0, 0, 1)], bits=10)[0] for h in (sorry, thing))
    assert told[sorry_at] > 1 > told[thing_at]
    assert (told**2).mean() == pytest.approx(1.0)
    assert telling(rows, LABELS, EVEN, 0.0) == pytest.approx(1.0)
    plain, leaning = (
        fit(rows, LABELS, EVEN, l2=1.0, l2_of_names=1.0, lean=lean).weights for lean in (0.0, 1.0)
    )
    assert leaning[sorry_at] > plain[sorry_at] > 0
    assert abs(leaning[thing_at]) < abs(plain[thing_at])
    said = out_of_fold(rows, LABELS, EVEN, folds(TEXTS), l2=1.0, l2_of_names=1.0, lean=1.0)
    assert ((said > 0) == (LABELS == 1)).all()


def test_the_same_texts_give_the_same_bytes() -> None:
    first, second = (encoded(quantised(_fitted(_rows()), _rows(), {"x": 0.5})) for _ in range(2))
    assert first == second


def test_the_model_that_ships_says_what_was_fitted() -> None:
    rows = _rows()
    fitted = _fitted(rows)
    model = quantised(fitted, rows, {})
    found = words(TEXTS[0])
    at = places(runs(hashes(found)), [(0, 0, len(found))], bits=10)
    assert model.log_odds(at, {"even": 1.0}) == pytest.approx(fitted.log_odds(rows)[0], abs=1e-3)
    assert model.features["never"] == 0.0


def test_mistakes_are_rarer_further_from_the_threshold_and_never_impossible() -> None:
    margins = np.linspace(-10, 10, 401)
    labels = (margins > 0).astype(float)
    labels[::7] = 1 - labels[::7]
    found = bands(margins, labels)
    assert [band.start for band in found] == [None, *EDGES]
    assert sum(band.labelled for band in found) == 401
    zero = EDGES.index(0.0) + 1
    below, above = [b.mistake for b in found[:zero]], [b.mistake for b in found[zero:]]
    assert below == sorted(below)
    assert above == sorted(above, reverse=True)
    assert min(below + above) > 0


def test_a_band_without_answers_errs_like_the_nearer_one() -> None:
    found = bands(np.array([-1.2, -0.2, 0.2]), np.array([0.0, 1.0, 1.0]))
    assert found[0].mistake == found[1].mistake <= found[8].mistake


def test_a_page_without_the_marks_of_a_detector_is_left_alone() -> None:
    with pytest.raises(ValueError, match="expected <!-- x -->"):
        page_with("text", "x", "table")
    assert page_with("a\n<!-- x -->\nold\n<!-- end x -->\nb", "x", "new").count("new") == 1


def test_another_way_deals_groups_otherwise_and_parts_none() -> None:
    groups = [f"group {n // 2}" for n in range(60)]
    first, other = (folds(groups, way) for way in (0, 1))
    assert (first != other).any()
    for fold in (first, other):
        assert (fold[::2] == fold[1::2]).all()
