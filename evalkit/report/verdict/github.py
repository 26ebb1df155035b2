"""A verdict becomes what GitHub Actions reads: annotations at lines, and the outputs of a step.

A job's log is read for commands, so that text in it can act; every value here is written in the form
in which it is only text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from evalkit.core.errors import Problem
from evalkit.core.run import Manifest
from evalkit.core.wording import SPACE
from evalkit.report.text.safe import one_line
from evalkit.report.verdict.checks import Check, Level, checks, verdict_check
from evalkit.report.view import View

MOST_OF_A_LEVEL = 10
"""How many annotations of a level GitHub shows of a step; the others it drops without a word."""

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = {**_DATA, ord(":"): "%3A", ord(","): "%2C"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """What GitHub shows at a line of a file, or at the job where no file is named."""

    level: Level
    title: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0


def annotation_line(annotation: Annotation) -> str:
    """Return the command that shows an annotation.

    >>> annotation_line(Annotation(Level.ERROR, "a: b, c", "100 %", "x.yaml", 7))
    '::error file=x.yaml,line=7,title=a%3A b%2C c::100 %25'
    """
    place = {
        "file": annotation.file,
        "line": annotation.line or "",
        "col": annotation.column or "",
        "title": annotation.title,
    }
    named = ",".join(
        f"{name}={one_line(str(value)).translate(_PROPERTY)}"
        for name, value in place.items()
        if value
    )
    message = one_line(annotation.message.replace(SPACE, " "), most=2000).translate(_DATA)
    # The runner takes a line for one command at most; older ones look for this form first.
    return f"::{annotation.level} {named}::{message}".replace("##[", r"#\x23[")


def annotations_of(view: View, manifest: Manifest, file: str) -> list[Annotation]:
    """Return the verdict and what made it so, at most so many of a level as GitHub shows.

    Args:
        view: what to show.
        manifest: in which line of the envelope each bound is written.
        file: the envelope, as the repository names it.
    """
    verdict = verdict_check(view)
    found = [_annotation(verdict, "")]
    found += [
        _annotation(check, file)
        for check in checks(view, manifest)
        if check.level is not Level.NONE and check != verdict
    ]
    return [kept for level in Level for kept in _within(level, found)]


def problem_annotations(problems: Sequence[Problem]) -> list[Annotation]:
    """Return what is wrong with files, each problem at its place."""
    found = [
        Annotation(
            Level.ERROR,
            f"evalkit: {problem.where}" if problem.where else "evalkit",
            problem.message,
            problem.place.file,
            problem.place.line,
            problem.place.column,
        )
        for problem in problems
    ]
    return list(_within(Level.ERROR, found))


def _annotation(check: Check, file: str) -> Annotation:
    title = f"evalkit: {check.title}" if not file else f"{check.title}: {check.state}"
    return Annotation(check.level, title, check.summary, file, check.line or 0)


def _within(level: Level, found: Sequence[Annotation]) -> Iterator[Annotation]:
    """Yield those of a level, the last of them a count where there are more than GitHub shows."""
    of_level = [annotation for annotation in found if annotation.level is level]
    if len(of_level) <= MOST_OF_A_LEVEL:
        yield from of_level
        return
    yield from of_level[: MOST_OF_A_LEVEL - 1]
    left = len(of_level) - MOST_OF_A_LEVEL + 1
    yield Annotation(
        level, f"evalkit: {left:,} more", "GitHub shows 10 of a kind; the log has all."
    )


# ---------------------------------------------------------------- outputs of a step


def outputs_text(outputs: Mapping[str, str]) -> str:
    r"""Return outputs as GitHub reads them from a file, whatever the values hold.

    The delimiter is a digest of all values: no value can hold its own.

    >>> print(outputs_text({"verdict": "pass"}).replace(_delimiter({"verdict": "pass"}), "END"))
    verdict<<END
    pass
    END
    <BLANKLINE>
    """
    delimiter = _delimiter(outputs)
    return "".join(
        f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items()
    )


def _delimiter(outputs: Mapping[str, str]) -> str:
    values = "\0".join(outputs.values())
    return f"evalkit_{sha256(values.encode('utf-8', 'surrogatepass')).hexdigest()}"


def outputs(view: View, files: Mapping[str, str]) -> dict[str, str]:
    """Return what later steps can read: the verdict, in words and as an exit code, and its files."""
    verdict = view.verdict
    return {
        "verdict": verdict.outcome.value,
        "exit_code": str(int(verdict.exit_code)),
        "sentence": one_line(verdict.sentence),
        "lead": one_line(verdict.lead, most=1000),
        **({"waiver": view.waived} if view.waived else {}),
        **{name: one_line(path, most=4096) for name, path in files.items()},
    }
