"""Numbers of a vector as the statistics take them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats.arrays import FloatArray
from evalkit.stats.evidence import Observed
from evalkit.stats.gaffke import Units
from evalkit.stats.tally import Tally

DIFFERENCE = Support(-1.0, 1.0)
_CLAIM = re.compile(r"(?P<side>[<>])\s*=?\s*(?P<sign>[-+−]?)\s*(?P<bound>[0-9.eE-]+|[A-Za-z_]\w*)")


def floats(values: Sequence[float] | FloatArray | float) -> FloatArray:
    """Return numbers as an array; a single one is a list of one."""
    return np.atleast_1d(np.array(values, float))


def units(values: Sequence[float] | FloatArray, support: Support) -> Units:
    """Return values as engine G takes them.

    Raises:
        ValueError: a value lies outside the support.
    """
    found = floats(values)
    if found.size and not (support.lower <= found.min() and found.max() <= support.upper):
        raise ValueError(f"expected values from {support.lower} to {support.upper}, found others")
    return Tally.of(found, support).units


def changes(losses: int, gains: int, n: int) -> Units:
    """Return paired differences of which so many are −1 and so many 1."""
    counts = np.array([losses, n - losses - gains, gains])
    return units(np.repeat([-1.0, 0.0, 1.0], counts), DIFFERENCE)


def observed(draws: Sequence[Sequence[float]]) -> Observed:
    """Return the draws of each case as the samples of one arm."""
    case = np.repeat(np.arange(len(draws)), [len(found) for found in draws])
    return Observed(case, np.array([x for found in draws for x in found], float), case >= 0)


def counted(successes: Sequence[int], draws: Sequence[int]) -> list[list[float]]:
    """Return the draws of each case: as many ones as there were successes, then zeros."""
    return [[float(i < x) for i in range(k)] for x, k in zip(successes, draws, strict=True)]


def claim(text: str) -> tuple[bool, float | str]:
    """Return whether a claim says "above", and its bound: a number, or the name of one.

    Raises:
        ValueError: the text is no claim about one bound.

    >>> claim("delta>-0.03"), claim("mean(c - b) < +margin")
    ((True, -0.03), (False, 'margin'))
    """
    found = _CLAIM.search(text)
    if found is None:
        raise ValueError(f"expected a claim such as 'delta > -0.03', found {text!r}")
    above, minus = found["side"] == ">", found["sign"] in {"-", "−"}
    try:
        size = float(found["bound"])
    except ValueError:
        return above, f"-{found['bound']}" if minus else found["bound"]
    return above, -size if minus else size
