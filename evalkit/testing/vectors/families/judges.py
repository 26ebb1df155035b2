"""What humans would say, from a judge and a few of their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL
from evalkit.stats.judge_bias import Corrected, Stratum, corrected_mean, corrected_rate
from evalkit.testing.comparison.ppi import normal_corrected_mean
from evalkit.testing.comparison.rogan_gladen import true_rate
from evalkit.testing.vectors.data import floats
from evalkit.testing.vectors.methods import Outputs, method


@method
def poststratified_judge_ci(
    *, judge_pos: int, judge_neg: int, labelled_pos: int, human_pos_given_judge_pos: int,
    labelled_neg: int, human_pos_given_judge_neg: int, confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    found = corrected_rate(
        Stratum(judge_pos, labelled_pos, human_pos_given_judge_pos),
        Stratum(judge_neg, labelled_neg, human_pos_given_judge_neg),
        1 - confidence_one_sided,
    )
    return _outputs(found)


@method
def ppi_mover_gaffke(
    *, confidence_one_sided: float,
    rectifier_counts: Mapping[str, int] | None = None,
    judge_pos_unlabelled: int | None = None, n_unlabelled: int | None = None,
    human: Sequence[float] = (), judge_on_labelled: Sequence[float] = (),
    judge_on_unlabelled: Sequence[float] = (),
) -> Outputs:  # fmt: skip
    judged = floats(judge_on_unlabelled)
    if judge_pos_unlabelled is not None and n_unlabelled is not None:
        others = n_unlabelled - judge_pos_unlabelled
        judged = np.repeat([0.0, 1.0], [others, judge_pos_unlabelled])
    rectifiers = floats(human) - floats(judge_on_labelled)
    if rectifier_counts is not None:
        counts = [rectifier_counts.get(name, 0) for name in ("minus1", "zero", "plus1")]
        rectifiers = np.repeat([-1.0, 0.0, 1.0], counts)
    return _outputs(corrected_mean(judged, rectifiers, UNIT_INTERVAL, 1 - confidence_one_sided))


@method
def ppi_mean_lambda1_normal(
    *, human: Sequence[float], judge_on_labelled: Sequence[float],
    judge_on_unlabelled: Sequence[float], confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    rectifiers = floats(human) - floats(judge_on_labelled)
    alpha = 1 - confidence_one_sided
    return _outputs(normal_corrected_mean(floats(judge_on_unlabelled), rectifiers, alpha))


@method
def rogan_gladen_point(*, pos: int, n: int, sens: float, spec: float) -> Outputs:
    return {"estimate": true_rate(pos / n, sens, spec)}


def _outputs(found: Corrected) -> Outputs:
    return {"estimate": found.estimate, "lower": found.lower, "upper": found.upper}
