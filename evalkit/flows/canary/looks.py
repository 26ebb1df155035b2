"""Requests become looks: each is put into its stretch of time, scored, and counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from evalkit.core.canary import (
    NOBODY,
    ArmLook,
    CanaryPlan,
    Counted,
    Look,
    Observed,
    Spread,
    Sums,
    Trigger,
    TriggerKind,
    Unread,
    UserCells,
    UserValues,
    Values,
)
from evalkit.core.digest import chance_of
from evalkit.core.envelope import Envelope, Instrument
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Case, Sample, Score, Unscored
from evalkit.core.ports import ScorerPlugin, nothing_published
from evalkit.core.traffic import Logged
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.canary.shown import summed
from evalkit.stages.canary.users import CODES
from evalkit.stages.score import score
from evalkit.stats.spread import cell_of

USUAL_LABELS: Mapping[str, Arm] = {
    "baseline": Arm.BASELINE, "stable": Arm.BASELINE, "control": Arm.BASELINE,
    "candidate": Arm.CANDIDATE, "canary": Arm.CANDIDATE,
}  # fmt: skip
"""What logs call the arms where nobody says."""
CLOCKS_APART = 60.0
"""Seconds by which the clock of a server may be ahead of ours."""


class Gathering:
    """Requests wait here, counted, until their look is over.

    A look is over where a later request was seen, or another look's length has passed: until then
    the rest of it may be on its way. ``late`` counts what came for a look that was given away, ``again``
    records of a request that its look has already.
    """

    def __init__(
        self, plan: CanaryPlan, loaded: LoadedEnvelope, labels: Mapping[str, Arm] = USUAL_LABELS
    ) -> None:
        self._plan = plan
        self._labels = labels
        self._bench = _Bench(plan, loaded)
        self._open: dict[int, _LookInMaking] = {}
        self._newest = self._given = -math.inf
        self._future = 0
        self.strangers: Counter[str] = Counter()
        self.unlabelled = 0
        self.known = 0
        self.late = 0
        self.again = 0

    def see(self, logged: Logged, now: float, *, replay: bool = False) -> None:
        """Take a request; in a replay one from after now is simply not there yet.

        Raises:
            UsageError: the request has no time.
        """
        arm = self._labels.get(logged.arm or "")
        if arm is None:
            self.unlabelled += logged.arm is None
            if logged.arm is not None:
                self.strangers[logged.arm] += 1
            return
        self.known += 1
        if logged.when is None:
            raise UsageError(
                f"request {logged.sample.case_id!r} has no time; say where it stands with --map created=FIELD"
            )
        if logged.when > now:
            self._future += logged.when > now + CLOCKS_APART and not replay
            return
        self._newest = max(self._newest, logged.when)
        index = math.floor(logged.when / self._plan.look)
        if index * self._plan.look < self._given:
            self.late += 1
            return
        making = self._open.setdefault(index, _LookInMaking(self._plan))
        if making.has(logged, arm):
            self.again += 1
        else:
            making.add(self._bench, logged, arm)

    def pass_over(self, watermark: float | None) -> None:
        """Take nothing in from before a watermark: it was seen."""
        self._given = max(self._given, -math.inf if watermark is None else watermark)

    def looks(self, watermark: float | None, now: float) -> Iterator[Look]:
        """Yield the looks that are over and begin at or behind the watermark, and forget them."""
        self.pass_over(watermark)
        length = self._plan.look
        limit = min(max(self._newest, now - length), now)
        ended = [index for index in sorted(self._open) if (index + 1) * length <= limit]
        for place, index in enumerate(ended, 1):
            making = self._open.pop(index)
            self._given = (index + 1) * length
            future = self._future if place == len(ended) else 0
            if index * length >= (-math.inf if watermark is None else watermark):
                yield making.look(index, future=future)
        if ended:
            self._future = 0


# ---------------------------------------------------------------- scores


class _AnyCase(dict[str, Case]):
    """The case of whatever request is scored now: ids of requests may stand twice, in both arms."""

    def __init__(self) -> None:
        super().__init__()
        self.now = Case("", "")

    def __getitem__(self, key: str) -> Case:
        del key
        return self.now


class _Bench:
    """Scores requests one by one; what reads texts does so for a share of them, drawn by their ids."""

    def __init__(self, plan: CanaryPlan, loaded: LoadedEnvelope) -> None:
        self._plugins = {item.name: loaded.plugins[item.name] for item in plan.instruments}
        texts = {name for name, plugin in self._plugins.items() if _reads_texts(plugin)}
        self._places = {trigger.name: self._place(trigger) for trigger in plan.triggers}
        self._cheap = _Scoring(plan, loaded, self._plugins, self._plugins.keys() - texts)
        self._texts = _Scoring(plan, loaded, self._plugins, texts)
        self._sample, self._key = plan.sample, f"{plan.name} {plan.seed}"

    def _place(self, trigger: Trigger) -> int:
        names = [value.name for value in self._plugins[trigger.metric.instrument].values]
        return names.index(trigger.metric.value)

    def scores(self, logged: Logged, arm: Arm) -> Mapping[str, Score]:
        """Return what each instrument says about a request; nothing of those that were not asked."""
        found = dict(self._cheap.scores(logged, arm))
        if self._sample >= 1 or chance_of(self._key, logged.sample.case_id) < self._sample:
            found |= self._texts.scores(logged, arm)
        return found

    def value(self, trigger: Trigger, scores: Mapping[str, Score]) -> float | Unscored | None:
        """Return the value that a trigger looks at; nothing where the request is not in the sample."""
        found = scores.get(trigger.metric.instrument)
        if found is None:
            return None
        value = found.values[self._places[trigger.name]]
        return Unscored("a category") if isinstance(value, str) else value


class _Scoring:
    """Some instruments at work on one request after the other."""

    def __init__(
        self, plan: CanaryPlan, loaded: LoadedEnvelope, plugins: Mapping[str, ScorerPlugin],
        names: set[str],
    ) -> None:  # fmt: skip
        self._case = _AnyCase()
        self._sample: Sample | None = None
        instruments = tuple(_both(item) for item in plan.instruments if item.name in names)
        first = {trigger.metric.instrument: trigger.metric for trigger in plan.triggers}
        envelope: Envelope = replace(
            loaded.envelope,
            baseline=loaded.envelope.baseline or loaded.envelope.candidate,
            bounds=(),
            instruments=instruments,
            metrics=tuple(first[item.name] for item in instruments),
        )
        used = {item.name: plugins[item.name] for item in instruments}
        self._found = score(self._fed(), self._case, envelope, used, rolling=True)
        self._idle = not instruments

    def scores(self, logged: Logged, arm: Arm) -> Mapping[str, Score]:
        """Return what they say about a request."""
        if self._idle:
            return {}
        sample = logged.sample
        self._case.now = Case(
            sample.case_id, logged.input or "", logged.reference, logged.tags, None, logged.metadata
        )
        self._sample = sample if sample.arm is arm else replace(sample, arm=arm)
        return next(self._found).scores

    def _fed(self) -> Iterator[Sample]:
        while True:
            assert self._sample is not None
            yield self._sample


def _reads_texts(plugin: ScorerPlugin) -> bool:
    """Return whether a scorer reads answers; a detector may go by a flag of the provider as well."""
    return plugin.reads_output or plugin.accuracy is not nothing_published


def _both(instrument: Instrument) -> Instrument:
    """Return an instrument that reads both arms, whether the envelope has a baseline or not."""
    own = instrument.options[Arm.CANDIDATE]
    return replace(instrument, options={Arm.BASELINE: own, **instrument.options})


# ---------------------------------------------------------------- one look


class _LookInMaking:
    """The requests of one stretch of time, by arm and trigger."""

    def __init__(self, plan: CanaryPlan) -> None:
        self._plan = plan
        self._requests: Counter[Arm] = Counter()
        self._known: set[int] = set()
        self._met: dict[str, tuple[float, str, Arm]] = {}
        self._tallies = {
            (arm, trigger.name): _Tally(trigger) for arm in Arm for trigger in plan.triggers
        }

    def has(self, logged: Logged, arm: Arm) -> bool:
        """Return whether the request was counted already, and take note of it: the first record counts."""
        key = hash((arm, logged.user, logged.sample.case_id))
        known = key in self._known
        self._known.add(key)
        return known

    def add(self, bench: _Bench, logged: Logged, arm: Arm) -> None:
        """Count a request."""
        self._requests[arm] += 1
        if logged.user is not None:
            met = (logged.when or 0.0, logged.sample.case_id, arm)
            self._met[logged.user] = min(self._met.get(logged.user, met), met)
        scores = bench.scores(logged, arm)
        for trigger in self._plan.triggers:
            if trigger.slice.holds(logged.tags, logged.metadata):
                value = bench.value(trigger, scores)
                if value is not None:
                    self._tallies[arm, trigger.name].add(logged.user, value)

    def look(self, index: int, *, future: int) -> Look:
        """Return what it showed.

        Somebody who met both arms counts in the one met first: whoever asks often meets both, and
        would otherwise be as many in the smaller arm as in the larger.
        """
        key = f"{self._plan.name} users"
        users: dict[Arm, dict[str, int]] = {arm: {} for arm in Arm}
        for user, (_, _, arm) in self._met.items():
            users[arm][user] = int(chance_of(key, user) * CODES)
        arms = {
            arm: ArmLook(
                self._requests[arm],
                {
                    trigger.name: self._tallies[arm, trigger.name].observed(users[arm])
                    for trigger in self._plan.triggers
                },
                tuple(sorted(users[arm].values())),
            )
            for arm in Arm
            if self._requests[arm]
        }
        length = self._plan.look
        return Look(index * length, (index + 1) * length, arms, future)


class _Tally:
    """What one trigger saw of one arm: the values of each user, or of each request by itself."""

    def __init__(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._units: dict[str | int, list[float]] = {}
        self._reasons: Counter[str] = Counter()

    def add(self, user: str | None, value: float | Unscored) -> None:
        """Take the value of one request."""
        if isinstance(value, Unscored):
            self._reasons[value.reason] += 1
            return
        unit = len(self._units) if user is None else user
        self._units.setdefault(unit, []).append(self._read(value))

    def _read(self, value: float) -> float:
        trigger = self._trigger
        match trigger.kind:
            case TriggerKind.EVENTS:
                return 1.0 - value if trigger.absence else value
            case TriggerKind.BEYOND if trigger.threshold is not None:
                return float(value > trigger.threshold)
        return value

    def observed(self, users: Mapping[str, int]) -> Observed:
        """Return what it comes to.

        Args:
            users: the codes of those who count in this arm.
        """
        counting = [
            (NOBODY if isinstance(unit, int) else users[unit], values)
            for unit, values in self._units.items()
            if isinstance(unit, int) or unit in users
        ]
        if not counting:
            reason = self._reasons.most_common(1)
            return Unread(reason[0][0]) if reason else _nothing(self._trigger)
        who = tuple(user for user, _ in counting)
        found: Observed
        if self._trigger.frozen_first:
            found = UserCells(tuple(tuple(map(cell_of, own)) for _, own in counting), who)
        else:
            found = UserValues(tuple(math.fsum(own) / len(own) for _, own in counting), who)
        return summed(self._trigger, found) if set(who) == {NOBODY} else found


def _nothing(trigger: Trigger) -> Observed:
    """Return what is observed where no request was of the trigger's kind."""
    match trigger.kind:
        case TriggerKind.SCORE:
            return Values(())
        case TriggerKind.MEAN:
            return Sums(0, 0.0, 0.0)
    return Spread({}) if trigger.frozen_first else Counted(0.0, 0)
