"""Reference values computed by others are reproduced to their tolerance."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.testing.vectors import METHODS, Vector, mismatches, read_vectors

FILE = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "statistics.json"
VECTORS = read_vectors(FILE) if FILE.is_file() else []
LATER = {
    "bernoulli_eprocess_log", "beta_binomial_log_evalue", "beta_binomial_log_evalue_one_sided",
    "categorical_distances", "delta_recorded_baseline", "group_sequential_look_decision",
    "gst_obf_spending_bounds", "gst_power_family_bounds", "ipm_bootstrap_single_draw",
    "ipm_bootstrap_single_draw_tv", "joint_pass_probability", "miettinen_nurminen_rd",
    "normal_mixture_bound", "paired_exact_unconditional", "permutation_exact_mean_diff",
    "plan_n_exact_binomial", "plan_n_paired_normal_start", "poststratified_judge_ci",
    "power_floor_exact", "power_paired_noninferiority", "ppi_mean_lambda1_normal",
    "ppi_mover_gaffke", "quantile_ratio_mover", "rogan_gladen_point", "star_psi",
    "tango_score_ci", "two_sample_distances", "wald_sprt_asn", "welch_t_diff",
}  # fmt: skip
"""Methods of planning, sequential gates, shifts and judges, which no command uses yet."""


@pytest.mark.skipif(not VECTORS, reason=f"independent vectors are not at {FILE}")
def test_every_method_is_implemented_or_known_to_come() -> None:
    assert len(VECTORS) > 100
    assert {vector.method for vector in VECTORS} - METHODS.keys() == LATER


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.method in METHODS], ids=lambda v: v.id)
def test_a_reference_value_is_reproduced(vector: Vector) -> None:
    assert list(mismatches(vector)) == []
