"""Weights of a linear model are fitted here: logistic regression with L2, the same every time.

Nothing is drawn at random: the optimiser starts at zero, and the texts of a fold are chosen by a
hash of their group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from evalkit.features.linear import LARGEST, Linear

Floats = NDArray[np.float64]

FOLDS = 5
STEPS = 60
ENOUGH = 1e-5
"""Where a step gains a smaller part of the loss than this, the fit ends: further ones change no F1."""

SPREAD = 10.0
"""A row of n places holds this number divided by the root of n, so that rows are equally long."""

L2_OF_INTERCEPTS = 1e-3
_UNTIL = {"maxiter": STEPS, "ftol": ENOUGH}


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as numbers: the places and named features of each, and whose intercept it has."""

    bits: int
    names: tuple[str, ...]
    matrix: sp.csr_matrix
    intercepts: NDArray[np.int64]

    def part(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the chosen rows."""
        return Rows(self.bits, self.names, self.matrix[chosen], self.intercepts[chosen])


@dataclass(frozen=True, slots=True)
class Fitted:
    """The weights of places and then of names, and an intercept for each number of one."""

    weights: Floats
    intercepts: Floats

    def log_odds(self, rows: Rows, intercept: int = 0) -> Floats:
        """Return the log-odds of rows, all of them with one intercept."""
        found: Floats = rows.matrix @ self.weights + self.intercepts[intercept]
        return found


def rows_of(
    places: Sequence[NDArray[np.uint32]],
    features: Sequence[Mapping[str, float]],
    intercepts: Sequence[int],
    *,
    bits: int,
    names: tuple[str, ...],
) -> Rows:
    """Return texts as numbers, from the places and the named features of each."""
    ends = np.cumsum([0, *map(len, places)])
    values = np.concatenate([np.full(len(p), SPREAD / np.sqrt(max(len(p), 1))) for p in places])
    hashed = sp.csr_matrix(
        (values, np.concatenate(places).astype(np.int64), ends), shape=(len(places), 1 << bits)
    )
    named = sp.csr_matrix(np.array([[told.get(name, 0.0) for name in names] for told in features]))
    return Rows(bits, names, sp.hstack([hashed, named]).tocsr(), np.array(intercepts))


def fit(
    rows: Rows,
    labels: Floats,
    importance: Floats,
    *,
    l2: float,
    l2_of_names: float,
    lean: float = 0.0,
) -> Fitted:
    """Return the weights under which the labels are most probable, drawn towards zero by L2.

    With ``lean``, places that tell the labels apart by themselves are drawn less: each counts with
    how far it tells them apart (see ``telling``) to that power.
    """
    counted = importance > 0
    rows, labels, importance = rows.part(counted), labels[counted], importance[counted]
    scales = np.ones(rows.matrix.shape[1])
    if lean:
        scales[: 1 << rows.bits] = telling(rows, labels, importance, lean)
        rows = replace(rows, matrix=(rows.matrix @ sp.diags(scales)).tocsr())
    columns = rows.matrix.shape[1]
    count = int(rows.intercepts.max()) + 1
    penalty = np.full(columns + count, l2)
    penalty[1 << rows.bits : columns] = l2_of_names
    penalty[columns:] = L2_OF_INTERCEPTS
    own = sp.csr_matrix(np.eye(count)[rows.intercepts])
    matrix = sp.hstack([rows.matrix, own]).tocsr()
    turned = matrix.T.tocsr()

    def loss(weights: Floats) -> tuple[float, Floats]:
        log_odds = matrix @ weights
        gradient = importance * (1 / (1 + np.exp(-log_odds)) - labels)
        told = importance * (np.logaddexp(0, log_odds) - labels * log_odds)
        drawn = penalty * weights
        return float(told.sum() + (drawn * weights).sum() / 2), turned @ gradient + drawn

    start = np.zeros(columns + count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=_UNTIL).x
    return Fitted(found[:columns] * scales, found[columns:])


def telling(rows: Rows, labels: Floats, importance: Floats, power: float) -> Floats:
    """Return how far each place tells the labels apart by itself, to a power; 1 in the root mean square.

    That is the size of the logarithm of how much more often texts of one label hold it than those
    of the other, as in naive Bayes, with one text of either label added.
    """
    held = rows.matrix[:, : 1 << rows.bits].astype(bool).astype(np.float64).T.tocsr()
    one, other = 1.0 + held @ (importance * labels), 1.0 + held @ (importance * (1 - labels))
    found = np.abs(np.log(one / one.sum()) - np.log(other / other.sum())) ** power
    scaled: Floats = found / np.sqrt((found**2).mean())
    return scaled


def folds(groups: Sequence[str], way: int = 0) -> NDArray[np.int64]:
    """Return the fold of each text; one group is never parted. Every ``way`` deals them otherwise."""
    salt = f"deal {way} " if way else ""
    return np.array([crc32(f"{salt}{group}".encode()) % FOLDS for group in groups])


def out_of_fold(
    rows: Rows,
    labels: Floats,
    importance: Floats,
    fold: NDArray[np.int64],
    *,
    l2: float,
    l2_of_names: float,
    lean: float = 0.0,
) -> Floats:
    """Return the log-odds of every row by a model that was fitted without its fold."""
    found = np.zeros(len(labels))
    for number in range(FOLDS):
        out = fold == number
        rest = rows.part(~out), labels[~out], importance[~out]
        model = fit(*rest, l2=l2, l2_of_names=l2_of_names, lean=lean)
        found[out] = model.log_odds(rows.part(out))
    return found


def quantised(fitted: Fitted, rows: Rows, thresholds: Mapping[str, float]) -> Linear:
    """Return the model as it ships: whole numbers for the places, six digits for the rest."""
    split = 1 << rows.bits
    weights = fitted.weights[:split] * SPREAD
    scale = float(f"{np.abs(weights).max() / LARGEST:.6g}")
    named = fitted.weights[split:]
    return Linear(
        bits=rows.bits,
        intercept=_short(fitted.intercepts[0]),
        scale=scale,
        weights=np.clip(np.rint(weights / scale), -LARGEST, LARGEST).astype(np.int16),
        features={name: _short(weight) for name, weight in zip(rows.names, named, strict=True)},
        thresholds={name: _short(value) for name, value in thresholds.items()},
    )


def _short(value: float) -> float:
    return float(f"{value:.6g}")
