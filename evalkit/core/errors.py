"""Every way to fail on purpose is drawn here.

::

    EvalkitError
    ├── UserError            exit 2    the call or a file must be corrected; nothing was written
    │   ├── UsageError                 the command line
    │   ├── SpecError                  files: every problem of every file, each with its place
    │   ├── SnapshotError              an endpoint does not know what a snapshot asks it for
    │   └── PatternError               a pattern takes so long on an answer that nobody waits
    ├── RunInterruptedError  exit 130  somebody ended it; what was paid for is kept
    └── MeasurementError     exit 4    nothing wrong with the files, yet no measurement
        ├── ProviderError              an endpoint or a recording gave no answer
        └── PluginError                a plug-in was asked for and could not be loaded

A refusal, an invalid JSON or an empty answer is none of these: it is a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

SHOWN_PROBLEMS = 50
"""More problems than this are counted instead of listed: a broken export breaks every line."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: a file, a line from 1 and a column from 1 (0 = unknown)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file, *(str(part) for part in (self.line, self.column) if part)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct: where it is, what was expected and found, and what to do.

    ``where`` is the place inside the document in its own words, such as ``bounds[2].max``.
    """

    place: Place
    message: str
    where: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (str(self.place), self.where, self.message) if part)


class EvalkitError(Exception):
    """A failure that evalkit foresees and explains."""

    exit_code: ClassVar[int] = 70


class UserError(EvalkitError):
    """The call or a file must be corrected before anything can be measured."""

    exit_code = 2


class UsageError(UserError):
    """The command line asks for something that does not exist or does not fit together."""


class SpecError(UserError):
    """One or more files are wrong; carries every problem found in them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self._text())

    def __reduce__(self) -> tuple[type[SpecError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)  # it may come from another process

    def _text(self) -> str:
        lines = [str(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
        hidden = len(self.problems) - len(lines)
        if hidden:
            lines.append(f"and {hidden:,} more problems of the same files")
        return "\n".join(lines)

    @classmethod
    def single(cls, place: Place, message: str, *, where: str = "") -> SpecError:
        """Return the error for one problem."""
        return cls([Problem(place, message, where)])


class SnapshotError(UserError):
    """An endpoint does not know what a snapshot asks it for; ``key`` is where that is written.

    The key is the trail of names in the envelope, such as ``candidate.params.temperature``; the
    message says what the endpoint said and what to do.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        self.message = message

    def __reduce__(self) -> tuple[type[SnapshotError], tuple[str, str]]:
        return type(self), (self.key, self.message)


class PatternError(UserError):
    """A pattern takes so long on an answer that nobody waits for what it finds.

    That is no score, since a faster machine would have one; the message says which and where.
    """

    def kept_in(self, run: str) -> PatternError:
        """Return the error of a run whose answers are there to be judged."""
        return PatternError(
            f"{self}. The answers are kept: put the pattern right, and evalkit judge {run} "
            "--envelope ENVELOPE judges them without asking anybody again"
        )


class RunInterruptedError(EvalkitError):
    """Somebody ended a run before it was whole; the message says how to go on."""

    exit_code = 130


class MeasurementError(EvalkitError):
    """The files are right, but no measurement came about."""

    exit_code = 4


class ProviderError(MeasurementError):
    """An endpoint or a recording could not answer at all."""


class PluginError(MeasurementError):
    """A plug-in was asked for by name and could not be loaded; the cause is in the text."""


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest known word, or an empty string.

    >>> suggestion("toxcity", ["toxicity", "refusal"])
    "; did you mean 'toxicity'?"
    >>> suggestion("zzz", ["toxicity"])
    ''
    """
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
