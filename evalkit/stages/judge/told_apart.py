"""How well the arms may be told apart becomes a bound like the others, judged by what a look at the texts found."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evalkit.core.drift import Drift, Separation
from evalkit.core.envelope import Bound, Envelope
from evalkit.core.phrases import reason_sentence
from evalkit.core.verdict import BoundResult, Estimate, Reason, Result, Settle, Unmeasured
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.requirements import nearest_limit
from evalkit.stats.told_apart import estimate, p_above

NOT_LOOKED = "the texts of the arms were not looked at"


@dataclass(frozen=True, slots=True)
class Apart:
    """A bound on how well the answers of the arms may be told apart, and what was found of them."""

    bound: Bound
    drift: Drift | None
    compares: bool

    @classmethod
    def of(cls, envelope: Envelope, drift: Drift | None) -> Apart | None:
        """Return the bound of an envelope with what was found, where there is such a bound."""
        bound, compares = envelope.drift_bound, envelope.baseline is not None
        return None if bound is None else cls(bound, drift, compares)

    @property
    def p_broken(self) -> float | None:
        """The p-value of "outside"; nothing where nobody could tell."""
        found, most = self._separation, self.bound.limit.max
        assert most is not None, "how well arms are told apart has no least"
        return None if found is None else p_above(found, most)

    @property
    def _separation(self) -> Separation | None:
        return None if self.drift is None else self.drift.separation

    def result(self, p_holm: float | None, family: int) -> BoundResult:
        """Return what is known about the bound.

        Args:
            p_holm: the p-value of "outside", corrected for all blocking bounds.
            family: how many bounds were corrected for together.
        """
        bound, judged = self.bound, self._judged()
        result, reason = self._claim(judged, p_holm)
        found = BoundResult(
            **bound.heading,
            unit="",
            labels=None,
            scope=bound.scope,
            result=result,
            reason=reason,
            detail="",
            baseline=self._floor(),
            candidate=judged,
            effect=None,
            p_broken=self.p_broken,
            p_holm=p_holm,
            settle=self._way_out(judged, reason),
        )
        return replace(found, detail=reason_sentence(found, None, family if bound.blocks else 1))

    def _judged(self) -> Estimate | Unmeasured:
        found = self._separation
        if found is None or self.drift is None:
            reason = Reason.NO_VALUES if self.compares else Reason.NO_BASELINE
            detail = NOT_LOOKED if self.drift is None else self.drift.detail.removesuffix(".")
            return Unmeasured(reason, detail)
        return estimate(found, confidence=self.bound.confidence, missing=self.drift.missing)

    def _floor(self) -> Estimate | None:
        """Return what the same look makes of two draws of one arm, which nothing tells apart."""
        if self.drift is None or self.drift.floor is None:
            return None
        return estimate(self.drift.floor, confidence=self.bound.confidence, missing=0)

    def _claim(
        self, judged: Estimate | Unmeasured, p_holm: float | None
    ) -> tuple[Result, Reason | None]:
        if isinstance(judged, Unmeasured):
            return Result.UNMEASURED, judged.reason
        limit = self.bound.limit
        if proves_outside(judged.lower, judged.upper, limit):
            p = self.p_broken if p_holm is None else p_holm
            broken = p is not None and p <= self.bound.alpha
            return (Result.BROKEN, None) if broken else (Result.UNDECIDED, Reason.MULTIPLICITY)
        if proves_inside(judged.lower, judged.upper, limit):
            return Result.HOLDS, None
        return Result.UNDECIDED, Reason.TOO_NOISY

    def _way_out(self, judged: Estimate | Unmeasured, reason: Reason | None) -> Settle | None:
        """Return the limit that these texts keep: more cases are looked at only up to a number."""
        if reason is None or isinstance(judged, Unmeasured):
            return None
        return Settle(margin=nearest_limit(self.bound, judged.lower, judged.upper))
