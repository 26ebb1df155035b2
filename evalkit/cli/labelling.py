"""Somebody labels answers in a terminal: blind to what the scorer says, kept after every answer."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from evalkit.core.digest import chance_of
from evalkit.core.envelope import Kind
from evalkit.core.errors import RunInterruptedError
from evalkit.core.model import Arm, Case, Json
from evalkit.core.wording import count_text
from evalkit.files.writing import LineLog
from evalkit.flows.calibrate import Answers, Labels
from evalkit.report.calibration.terminal import print_answer, print_welcome
from evalkit.report.view import case_text
from evalkit.stages.calibrate.drawing import Frame, Scored, to_label, wanted

WORDS = {"y": 1.0, "yes": 1.0, "1": 1.0, "n": 0.0, "no": 0.0, "0": 0.0}
PLACES, TIES = {"1", "2"}, {"t", "tie"}
HALF = 0.5
SKIP, UNDO, QUIT = {"s", "skip"}, {"u", "undo"}, {"q", "quit"}


@dataclass(slots=True)
class Session:
    """One rater's labels of answers; every one is written before the next is asked for."""

    answers: Answers
    labels: Labels
    log: Path
    rater: str
    key: str
    seed: int
    _done: list[tuple[Scored, bool]] = field(default_factory=list)
    _frame: Frame = field(init=False)
    _bell: int = field(init=False)

    def __post_init__(self) -> None:
        """Draw the answers once."""
        self._frame = self.answers.frame

    @property
    def skipped(self) -> list[Scored]:
        """The answers that nobody would label; the next session asks about them again."""
        return [each for each, labelled in self._done if not labelled]

    @property
    def given(self) -> int:
        """How many labels were given."""
        return sum(labelled for _, labelled in self._done)

    def run(self, most: int | None) -> None:
        """Ask until nothing is left, enough is labelled, or somebody has enough.

        Raises:
            RunInterruptedError: somebody interrupted it.
        """
        console = Console(stderr=True, highlight=False)
        print_welcome(self._welcome(), self.answers.criteria, console)
        try:
            with LineLog(self.log) as log, _heard() as bell:
                self._bell = bell
                self._ask_all(most, log, console)
        except KeyboardInterrupt:
            raise RunInterruptedError(
                f"{count_text(self.given, 'label')} kept in {self.log}; the same command goes on"
            ) from None

    def _ask_all(self, most: int | None, log: LineLog, console: Console) -> None:
        while most is None or self.given < most:
            after = self._next()
            if after is None:
                return
            word = self._answer(after, console)
            if word in QUIT:
                return
            if word in SKIP:
                self._done.append((after, False))
            elif word in UNDO:
                self._undo(log)
            else:
                self._keep(after, float(word), log)

    def _next(self) -> Scored | None:
        """Return the answer that is asked about next."""
        passed = {each.key for each in self.skipped}
        done = {key for key, said in self.labels.items() if self.rater in said}
        for unit in to_label(self._frame, done | passed, seed=self.seed):
            # Which arm comes first is nobody's choice either: whoever labels should not learn it.
            for each in sorted(unit, key=lambda each: chance_of(f"{self.seed}", repr(each.key))):
                if each.key not in done | passed:
                    return each
        return None

    def _answer(self, each: Scored, console: Console) -> str:
        """Show an answer, and return what is said of it: a number, or a word for what to do."""
        place = f"{self.given + 1} of about {self._wanted()}"
        print_answer(place, self._shown(each), console, question=[self._question()])
        while True:
            sys.stderr.write("> ")
            sys.stderr.flush()
            line = _typed(self._bell)
            if not line:
                return "quit"
            word = line.strip().lower()
            if word in SKIP | UNDO | QUIT:
                return word
            value = self._value(word, each)
            if value is not None:
                return repr(value)
            console.print(self._question(), soft_wrap=True, markup=False)

    def _shown(self, each: Scored) -> Iterator[tuple[str, str]]:
        """Yield what is shown of an answer, each part with its heading."""
        case = self.answers.cases.get(each.sample.case_id, Case(each.sample.case_id, ""))
        own = case_text(case, {Arm.CANDIDATE: each.sample})
        if own.prompt:
            yield "Asked", own.prompt
        if own.reference and self.answers.criteria:
            yield "Reference", own.reference
        if each.beside is None:
            yield "Answered", own.answers[Arm.CANDIDATE]
            return
        other = case_text(case, {Arm.BASELINE: each.beside}).answers[Arm.BASELINE]
        both = [own.answers[Arm.CANDIDATE], other]
        yield from zip(("First", "Second"), both if self._leads(each) else both[::-1], strict=True)

    def _leads(self, each: Scored) -> bool:
        """Return whether the candidate's answer stands first of two: half of them do, by chance."""
        return chance_of(f"{self.seed} first", repr(each.key)) < HALF

    def _value(self, word: str, each: Scored) -> float | None:
        if self.answers.compares:
            if word not in PLACES:
                return HALF if word in TIES else None
            return float((word == "1") == self._leads(each))
        if self.answers.value.kind is Kind.RATE:
            return WORDS.get(word)
        support = self.answers.value.natural_support
        try:
            value = float(word)
        except ValueError:
            return None
        return value if support.lower <= value <= support.upper else None

    def _question(self) -> str:
        value = self.answers.value
        if self.answers.compares:
            return "better?  1 the first   2 the second   t neither   s skip   u undo   q quit"
        if value.kind is Kind.RATE:
            what = value.labels[0] if value.labels else self.answers.name
            what = "are the criteria met" if self.answers.criteria else what
            return f"{what}?  y yes   n no   s skip   u undo   q quit"
        low, high = value.natural_support.lower, value.natural_support.upper
        return f"{self.answers.name}?  a number from {low:g} to {high:g}   s skip   u undo   q quit"

    def _welcome(self) -> str:
        whose = "which arm's answer stands first" if self.answers.compares else "whose answer it is"
        return (
            f"Labels go into {self.log} as they are given. What the scorer says is not shown, nor {whose}. "
            f"About {self._wanted()} labels are needed; more make intervals narrower."
        )

    def _wanted(self) -> int:
        """Return about how many labels this session takes until the correction can be used."""
        done = {key for key, said in self.labels.items() if self.rater in said}
        return self.given + wanted(self._frame, done)

    def _keep(self, each: Scored, value: float, log: LineLog) -> None:
        self.labels.setdefault(each.key, {})[self.rater] = value
        self._done.append((each, True))
        label: Json = value
        *outer, inner = self.key.split(".")
        for name in reversed([*outer[1:], inner] if outer else []):
            label = {name: label}
        log.append({**self._line(each), self.key.partition(".")[0]: label})
        log.flush()

    def _undo(self, log: LineLog) -> None:
        """Take the last word back: of an answer that was skipped, or of the last label."""
        if not self._done:
            return
        last, labelled = self._done.pop()
        if labelled:
            del self.labels[last.key][self.rater]
            if not self.labels[last.key]:
                del self.labels[last.key]
            log.append({**self._line(last), "undone": True})
            log.flush()

    def _line(self, each: Scored) -> dict[str, Json]:
        return {
            "id": each.sample.case_id,
            "sample": each.sample.index,
            "arm": each.snapshot,
            "rater": self.rater,
            "scorer": self.answers.scorer.id,
        }


@contextmanager
def _heard() -> Iterator[int]:
    """Give what can be read as soon as a signal comes."""
    bell, rope = os.pipe()
    os.set_blocking(rope, False)
    before = signal.set_wakeup_fd(rope)
    try:
        yield bell
    finally:
        signal.set_wakeup_fd(before)
        os.close(bell)
        os.close(rope)


def _typed(bell: int) -> str:
    """Return the next line that is typed.

    A signal that comes just before a read begins does not end it; to wait for either does.
    """
    select.select([sys.stdin, bell], [], [])
    return sys.stdin.readline()
