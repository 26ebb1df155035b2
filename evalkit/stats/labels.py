"""What people say of some samples of one arm, and which part of all samples those are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.stats.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Labels:
    """A row for each sample of an arm, as ``Observed`` has them.

    ``stratum`` says from which part of all samples labels were drawn where it lies (negative: from
    none), ``human`` what people say of it (not a number where nobody was asked). ``names`` are those
    of the strata.
    """

    stratum: IntArray
    human: FloatArray
    names: tuple[str, ...]

    @property
    def known(self) -> BoolArray:
        """Which samples have a label."""
        found: BoolArray = ~np.isnan(self.human)
        return found

    def only(self, rows: BoolArray) -> Labels:
        """Return the labels of some rows."""
        return Labels(self.stratum[rows], self.human[rows], self.names)

    def name(self, stratum: int) -> str:
        """Return what the answers of a stratum are called."""
        return self.names[stratum] if stratum >= 0 else "that the calibration was not drawn from"
