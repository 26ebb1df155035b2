"""What of each logged request is noted beside its numbers, while it passes by."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalkit.core.model import Arm
from evalkit.core.traffic import Logged
from evalkit.stages.shadow.picks import Requests
from evalkit.stages.shadow.slices import SliceCounts, hash_of

KEPT_TEXTS = 600
LONGEST_TEXT = 1 << 16
MOST_MODELS = 50


class Sights:
    """Slices, requests to draw from, and a few texts; those of two parts of a log add.

    Args:
        rates: the names of metrics whose values are 0 and 1.
        seed: of the choice of requests.
    """

    def __init__(self, rates: Sequence[str], seed: int) -> None:
        self.slices = SliceCounts(rates)
        self.requests = Requests(rates, seed)
        self.texts: dict[int, dict[Arm, Logged]] = {}
        self._end = 1 << 64
        self.models: dict[Arm, Counter[str]] = {arm: Counter() for arm in Arm}
        self.untagged = True

    def see(self, logged: Logged, arm: Arm, scores: Mapping[str, float]) -> None:
        """Note a request of an arm, with its scores by the name of the metric."""
        self.slices.see(logged, arm, scores)
        self.requests.see(logged, arm, scores)
        self.untagged = self.untagged and not logged.tags
        sample = logged.sample
        if sample.model is not None:
            self.models[arm][sample.model[:LONGEST_TEXT]] += 1
        self._keep_text(logged, arm)

    def _keep_text(self, logged: Logged, arm: Arm) -> None:
        place = hash_of(f"{self.requests.seed} {logged.sample.case_id}")
        if place >= self._end:
            return
        sample = logged.sample
        output = None if sample.output is None else sample.output[:LONGEST_TEXT]
        kept = replace(logged, sample=replace(sample, output=output))
        self.texts.setdefault(place, {}).setdefault(arm, kept)
        self._shed()

    def _shed(self) -> None:
        if len(self.texts) > KEPT_TEXTS:
            lowest = heapq.nsmallest(KEPT_TEXTS + 1, self.texts)
            self._end = lowest.pop()
            self.texts = {place: self.texts[place] for place in lowest}

    def __add__(self, other: Sights) -> Sights:
        """Return what was noted in both."""
        both = Sights(self.requests.rates, self.requests.seed)
        both.slices = self.slices + other.slices
        both.requests = self.requests + other.requests
        both.untagged = self.untagged and other.untagged
        both.models = {arm: self.models[arm] + other.models[arm] for arm in Arm}
        both._end = min(self._end, other._end)
        for part in (self, other):
            for place, answers in part.texts.items():
                if place < both._end:
                    known = both.texts.setdefault(place, {})
                    for arm, logged in answers.items():
                        known.setdefault(arm, logged)
        both._shed()
        return both

    def served(self, arm: Arm) -> tuple[str, ...]:
        """Return the models that answered in an arm, the commonest of them in alphabetical order."""
        return tuple(sorted(name for name, _ in self.models[arm].most_common(MOST_MODELS)))
