"""Vectors are read strictly, and compared as their tolerances say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import SpecError
from evalkit.testing.vectors import METHODS, Vector, mismatches, read_vectors
from evalkit.testing.vectors.data import claim
from evalkit.testing.vectors.running import agrees

RIGHT = {
    "id": "cp_0_20",
    "method": "clopper_pearson",
    "inputs": {"x": 0, "n": 20, "confidence_one_sided": 0.95, "note": "no success"},
    "expected": {"lower": 0, "upper": 0.139108341, "note": "closed form"},
    "tolerance": 1e-8,
    "tolerance_kind": "absolute",
    "source": "1 − 0.05^(1/20)",
}


def written(folder: Path, content: Any) -> Path:
    """Return a file that holds a text, or something as JSON."""
    file = folder / "vectors.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, encoding="utf-8")
    return file


def refused(file: Path) -> str:
    """Return what reading a file complains of."""
    with pytest.raises(SpecError) as caught:
        read_vectors(file)
    return str(caught.value).replace(str(file), "FILE")


def vector(**changes: Any) -> Vector:
    """Return a vector that agrees, but for what is changed."""
    given: dict[str, Any] = {
        "id": "v", "method": "clopper_pearson",
        "inputs": {"x": 0, "n": 20, "confidence_one_sided": 0.95},
        "expected": {"upper": 0.139108341}, "tolerance": 1e-8, "relative": False, "source": "me",
    }  # fmt: skip
    return Vector(**given | changes)


# ---------------------------------------------------------------- reading


def test_a_file_becomes_vectors_without_their_notes(tmp_path: Path) -> None:
    (found,) = read_vectors(written(tmp_path, [RIGHT]))
    assert found.inputs == {"x": 0, "n": 20, "confidence_one_sided": 0.95}
    assert found.expected == {"lower": 0, "upper": 0.139108341}
    assert (found.tolerance, found.relative) == (1e-8, False)
    assert list(mismatches(found)) == []


def test_a_tolerance_is_absolute_where_nobody_says(tmp_path: Path) -> None:
    plain = {key: value for key, value in RIGHT.items() if key != "tolerance_kind"}
    relative = RIGHT | {"id": "other", "tolerance_kind": "relative"}
    found = read_vectors(written(tmp_path, [plain, relative]))
    assert [each.relative for each in found] == [False, True]


def test_words_for_numbers_that_json_has_none_for_are_numbers(tmp_path: Path) -> None:
    text = json.dumps([RIGHT | {"expected": {"a": "Inf", "b": ["-Inf", "NA", "up"], "c": 0}}])
    (found,) = read_vectors(written(tmp_path, text.replace('"c": 0', '"c": NaN, "d": -Infinity')))
    assert found.expected == {
        "a": math.inf, "b": [-math.inf, None, "up"], "c": None, "d": -math.inf,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "FILE:1:1: not JSON: Expecting value"),
        ('[{"id": }]', "FILE:1:9: not JSON: Expecting value"),
        ("[" * 100_000, "FILE: expected vectors, found endless brackets"),
        ("[" + "9" * 5000 + "]", "FILE: not JSON: Exceeds the limit"),
        ({"vectors": []}, "FILE: expected a list of vectors, found an object"),
        ([], "FILE: expected a list of vectors, found an empty list"),
        ("null", "FILE: expected a list of vectors, found nothing"),
        ([RIGHT, 7], "FILE: [1]: expected an object, found 7"),
        ([RIGHT | {"id": ""}], 'FILE: [0].id: expected some text, found ""'),
        ([RIGHT | {"method": None}], "FILE: [0].method: expected some text, found nothing"),
        ([RIGHT | {"inputs": [1]}], "FILE: [0].inputs: expected an object, found a list"),
        ([RIGHT | {"expected": {"note": "?"}}], "FILE: [0].expected: expected at least one value"),
        ([RIGHT | {"tolerance": True}], "FILE: [0].tolerance: expected a number from 0 on"),
        ([RIGHT | {"tolerance": -1}], "FILE: [0].tolerance: expected a number from 0 on, found -1"),
        ([RIGHT | {"tolerance_kind": "x" * 90}], 'expected absolute or relative, found "xxx'),
        ([RIGHT, RIGHT], "FILE: expected ids that differ, found 'cp_0_20' 2 times"),
    ],
)
def test_a_malformed_file_says_what_is_wrong_and_where(
    content: Any, complaint: str, tmp_path: Path
) -> None:
    assert complaint in refused(written(tmp_path, content))


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    said = refused(written(tmp_path, [{}, RIGHT, {"id": "b"}]))
    keys = ("expected", "id", "inputs", "method", "source", "tolerance")
    assert all(f"FILE: [0].{key}: expected" in said for key in keys)
    assert all(f"FILE: [2].{key}: expected" in said for key in keys if key != "id")
    assert "[1]" not in said


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing.json") == "FILE: no such file"


# ---------------------------------------------------------------- comparing


def test_every_value_that_differs_is_told() -> None:
    wrong = vector(expected={"lower": 0.1, "upper": 0.139108341, "mode": 3})
    assert [str(each) for each in mismatches(wrong)] == [
        "v: lower is 0.0, expected 0.1 (me)",
        "v: mode is not computed, expected 3 (me)",
    ]


def test_a_method_that_fails_is_a_mismatch_with_its_error() -> None:
    (text,) = map(str, mismatches(vector(inputs={"x": 0, "n": 20, "level": 0.95})))
    assert "a failure (TypeError: clopper_pearson() got an unexpected" in text
    (text,) = map(str, mismatches(vector(method="miettinen_nurminen_rd", inputs={
        "x1": 3, "n1": 2, "x2": 0, "n2": 1, "confidence_one_sided": 0.95,
    })))  # fmt: skip
    assert "a failure (ValueError: expected 0 to 2 successes, found 3)" in text


def test_a_method_that_nobody_implements_is_a_mismatch() -> None:
    (text,) = map(str, mismatches(vector(method="guessing")))
    assert text.startswith("v: guessing is not implemented, expected")


def test_every_method_bears_its_own_name() -> None:
    assert len(METHODS) > 40
    assert all(function.__name__ == name for name, function in METHODS.items())


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (1.0, 1.0005, True),
        (1.0, 1.002, False),
        (1, 1.0, True),
        (math.nan, 1.0, False),
        (math.inf, math.inf, True),
        (-math.inf, math.inf, False),
        (math.inf, 1.0, False),
        (1.0, math.inf, False),
        (None, None, True),
        (math.inf, None, True),
        (None, math.inf, True),
        (0.0, None, False),
        (None, 0.0, False),
        (math.nan, None, False),
        (True, True, True),
        (True, False, False),
        (1, True, False),
        (True, 1, False),
        ("PASS", "PASS", True),
        ("PASS", "FAIL", False),
        (0.0, "0.0", False),
        ("PASS", None, False),
        ([1.0, 2.0], [1, 2.0005], True),
        ([1.0, 2.0], [2.0, 1.0], False),
        ([1.0], [1.0, 2.0], False),
        ([1.0], 1.0, True),
        (1.0, [1.0], True),
        ([1.0, 2.0], 1.0, False),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}, True),
        ({"a": 1.0}, {"a": 2.0}, False),
        ({"b": 1.0}, {"a": 1.0}, False),
        (1.0, {"a": 1.0}, False),
        ({"a": 1.0}, 1.0, False),
    ],
)
def test_values_agree_as_their_kind_demands(found: object, wanted: object, same: object) -> None:
    assert agrees(found, wanted, vector(tolerance=1e-3)) is same


def test_a_relative_tolerance_is_a_share_of_what_is_expected() -> None:
    assert agrees(1000.5, 1000.0, vector(tolerance=1e-3, relative=True))
    assert not agrees(1000.5, 1000.0, vector(tolerance=1e-3))
    assert not agrees(1e-9, 0.0, vector(tolerance=1e-3, relative=True))


def test_a_tolerance_of_nothing_asks_for_the_same_number() -> None:
    assert agrees(379, 379.0, vector(tolerance=0.0))
    assert not agrees(380, 379, vector(tolerance=0.0))


def test_numbers_of_numpy_are_told_as_numbers() -> None:
    exact = vector(
        method="paired_exact_unconditional",
        inputs={"b": 0, "c": 0, "n": 20, "margin": 0.03, "gamma": 0.001},
        expected={"statistic": 0.5},
    )
    (text,) = map(str, mismatches(exact))
    assert text.startswith("v: statistic is 0.7864837576")


# ---------------------------------------------------------------- what inputs may look like


@pytest.mark.parametrize(
    ("method", "inputs", "expected"),
    [
        # Below a bound is a floor under what does not happen.
        (
            "plan_n_exact_binomial",
            {"bound": 0.01, "planned": 0.002, "alpha": 0.05, "power": 0.9},
            {"n": 773, "critical_x": 3},
        ),
        (
            "plan_n_exact_binomial",
            {"bound": 0.9, "planned": 0.9001, "alpha": 0.05, "power": 0.9},
            {"n": None, "critical_x": None},
        ),
        # All of one pair's outcomes: it stays the same with probability 0.9, and that is enough.
        (
            "power_paired_noninferiority",
            {"n": 1, "margin": 0.8, "discordance": 0.1, "true_delta": 0, "alpha": 0.1,
             "method": "tango"},
            {"power": 0.95},
        ),
        ("gst_obf_spending_bounds", {"t": [1.0], "alpha_one_sided": 0.05}, {"z": [1.6448536]}),
        (
            "group_sequential_look_decision",
            {"look": 1, "K": 2, "rho": 2, "n_look": 400, "losses": 0, "gains": 0,
             "claim": "delta<0.03"},
            {"nominal_alpha": 0.0125, "stop_pass": True},
        ),
        (
            "ppi_mover_gaffke",
            {"human": [1, 0, 1], "judge_on_labelled": [1, 0, 0], "judge_on_unlabelled": [0.5, 1],
             "confidence_one_sided": 0.95},
            {"estimate": 0.75 + 1 / 3},
        ),
        (
            "paired_exact_unconditional",
            {"b": 0, "c": 0, "n": 120, "margin": 0.03, "gamma": 0.001, "claim": "d < +0.03"},
            {"p_value": 0.0268587848018149},
        ),
        ("verdict", {"lower": None, "upper": 0.2, "bound": {"max": 0.2}}, {"verdict": "PASS"}),
        (
            "verdict", {"lower": 0.3, "upper": None, "bound": {"min": None, "max": 0.2}},
            {"verdict": "FAIL"},
        ),
        (
            "welch_t_diff",
            {"x": [1, 2, 4], "y": [1, 2, 4], "cluster_x": [1, 2, 3], "cluster_y": [4, 5, 6],
             "confidence_one_sided": 0.95},
            {"estimate": 0, "df": 4},
        ),
        (
            "ipm_bootstrap_single_draw_tv",
            {"base": ["en", "en", "de"], "cand": ["en", "de", "de"], "weights": [1, 1, 1]},
            {"tv_hat": 1 / 3, "tv_star_radius": 0},
        ),
        ("two_sample_distances", {"x": [1], "y": [3]}, {"ks": 1, "wasserstein1": 2, "energy_E": 4}),
        ("p_adjust", {"p": 0.03}, {"holm": 0.03, "bh": [0.03]}),
    ],
)  # fmt: skip
def test_a_method_takes_every_form_of_its_inputs(
    method: str, inputs: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = vector(method=method, inputs=inputs, expected=expected, tolerance=1e-6)
    assert [str(each) for each in mismatches(found)] == []


@pytest.mark.parametrize(
    ("method", "inputs", "complaint"),
    [
        (
            "power_paired_noninferiority",
            {"n": 9, "margin": 0.1, "discordance": 0.1, "true_delta": 0, "alpha": 0.05,
             "method": "guess"},
            "expected method gaffke or tango",
        ),
        (
            "plan_n_paired_normal_start",
            {"margin": 0.1, "discordance": 0.1, "kind": "XX", "alpha": 0.05, "power": 0.9},
            "expected kind NI or EQ",
        ),
        ("gst_obf_spending_bounds", {"alpha_one_sided": 0.05}, "expected K looks, or t"),
        (
            "group_sequential_look_decision",
            {"look": 1, "K": 2, "rho": 2, "n_look": 9, "losses": 0, "gains": 0, "claim": "d>m"},
            "expected a claim with a number",
        ),
        ("variance_components_anova", {"values": [[1], [2]]}, "one of them with two draws"),
        (
            "gaffke_mean", {"x": [2], "support": [0, 1], "confidence_one_sided": 0.95},
            "expected values from 0 to 1",
        ),
        (
            "delta_recorded_baseline",
            {"baseline_refusals": [0, 5], "k_baseline": 5, "k_noisy": 3,
             "candidate_refusals": [2, 1], "margin": 0.03, "confidence_one_sided": 0.95},
            "expected refusals among [1, 1] draws",
        ),
        (
            "delta_recorded_baseline",
            {"baseline_refusals": [], "k_baseline": 5, "k_noisy": 3, "candidate_refusals": [],
             "margin": 0.03, "confidence_one_sided": 0.95},
            "expected a difference",
        ),
        (
            "delta_golden_set_pooled",
            {"cases": 2, "k_candidate": 3, "g_baseline_per_candidate_draw": 1,
             "candidate": [[1, 0], [0, 0]], "baseline_counts": [[1, 0], [0, 0]], "margin": 0.1,
             "confidence_one_sided": 0.95},
            "expected 3 draws a case, found 2",
        ),
    ],
)  # fmt: skip
def test_inputs_that_a_method_cannot_take_are_told(
    method: str, inputs: dict[str, Any], complaint: str
) -> None:
    (text,) = map(str, mismatches(vector(method=method, inputs=inputs)))
    assert complaint in text


@pytest.mark.parametrize(
    ("text", "above", "bound"),
    [
        ("delta>-0.03", True, -0.03),
        ("theta < 5e-2", False, 0.05),
        ("theta>theta0", True, "theta0"),
        ("mean(candidate-baseline) > -margin; b = baseline only", True, "-margin"),
        ("delta <= +margin", False, "margin"),
        ("delta > −0.02", True, -0.02),
    ],
)
def test_a_claim_says_a_side_and_a_bound(text: str, above: object, bound: float | str) -> None:
    assert claim(text) == (above, bound)


def test_what_is_no_claim_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a claim"):
        claim("better")
