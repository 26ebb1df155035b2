"""Log files are read from their beginning, and become the looks that nobody has seen yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.core.canary import CanaryPlan, Look, State
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm
from evalkit.core.traffic import Tolerance, sound
from evalkit.files.text import each_file_once
from evalkit.flows.canary.looks import USUAL_LABELS, Gathering
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.traffic import NO_MAP, FieldMap, open_log

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class LogForm:
    """How logs are read: format, field map, labels of arms, and what may be malformed."""

    reader: str | None = None
    mapped: FieldMap = NO_MAP
    labels: Mapping[str, Arm] = field(default_factory=lambda: USUAL_LABELS)
    skip_malformed: int = 0


class LogSource:
    """Looks at log files: all that a file holds is read each time, and what was seen is passed over.

    ``strangers`` counts requests by a label that is no arm's, ``unlabelled`` those without one, ``again``
    records of a request that was there already, and ``malformed`` those that were none, all of the last
    reading. In a ``replay`` requests from after now are simply not there yet.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        loaded: LoadedEnvelope,
        form: LogForm | None = None,
        *,
        replay: bool = False,
    ) -> None:
        self._paths = each_file_once(paths)
        self._loaded = loaded
        self._form = form or LogForm()
        self._replay = replay
        self.strangers: Counter[str] = Counter()
        self.unlabelled = self.again = self.malformed = 0

    def looks(self, plan: CanaryPlan, state: State, now: float) -> Iterator[Look]:
        """Yield the looks that have ended.

        Raises:
            SpecError: a file cannot be read, or too much of it is malformed.
            UsageError: no request names an arm, or one has no time.
        """
        gathering = Gathering(plan, self._loaded, self._form.labels)
        gathering.pass_over(state.watermark)
        self.malformed = 0
        for path in self._paths:
            tolerance = Tolerance(self._form.skip_malformed)
            log = open_log(path, reader=self._form.reader, mapped=self._form.mapped)
            for logged in sound(log.records(), tolerance):
                gathering.see(logged, now, replay=self._replay)
            self.malformed += tolerance.count
        self.strangers, self.unlabelled = gathering.strangers, gathering.unlabelled
        if not gathering.known and (self.strangers or self.unlabelled):
            raise UsageError(self._nobody())
        self.again = gathering.again
        yield from gathering.looks(state.watermark, now)

    def _nobody(self) -> str:
        labels = ", ".join(sorted(self._form.labels))
        if not self.strangers:
            return "no request names its arm; say where it stands with --map arm=FIELD"
        named = ", ".join(repr(label) for label, _ in self.strangers.most_common(MOST_NAMED))
        return (
            f"expected arms named {labels}, found {named}; say which is which, as in "
            "--arm candidate=LABEL"
        )
