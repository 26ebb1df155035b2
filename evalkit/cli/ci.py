"""What a CI system is told beside the run folder: found out from the environment, written here.

Nothing of it is the verdict. Where it cannot be written that is said on standard error, and the exit
code stays that of the verdict.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.guard import in_github

if TYPE_CHECKING:
    from evalkit.core.errors import EvalkitError
    from evalkit.report.format import Material
    from evalkit.report.verdict.github import Annotation

MOST_OF_A_SUMMARY = 1 << 20
"""How many bytes GitHub takes as the summary of one step; of a longer one it takes nothing."""


class CI(StrEnum):
    """Where a command runs."""

    AUTO = "auto"
    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


Ci = Annotated[
    CI | None,
    typer.Option(
        "--ci",
        help="For whom to write beside the run folder [default: auto, by the environment].",
    ),
]


def found_ci(asked: CI | None, environment: Mapping[str, str] = os.environ) -> CI:
    """Return the CI system to write for."""
    if asked is not None and asked is not CI.AUTO:
        return asked
    if in_github(environment):
        return CI.GITHUB
    return CI.GITLAB if environment.get("GITLAB_CI") == "true" else CI.NONE


@dataclass(frozen=True, slots=True)
class GitHubStep:
    """A step of a job, by its environment."""

    environment: Mapping[str, str]

    def tell(self, material: Material, summary: str, files: Mapping[str, Path]) -> None:
        """Annotate the envelope, and append to the step's outputs and to its summary."""
        from evalkit.report.verdict.github import annotations_of, outputs, outputs_text

        view, manifest = material.view, material.manifest
        annotate(annotations_of(view, manifest, self._in_repository(manifest.envelope)))
        paths = {name: self._in_repository(path) for name, path in files.items()}
        self._append("GITHUB_OUTPUT", outputs_text(outputs(view, paths)))
        self._append("GITHUB_STEP_SUMMARY", summary + "\n", most=MOST_OF_A_SUMMARY)

    def tell_unchanged(self, outputs: Mapping[str, str], summary: str) -> None:
        """Say that nothing was run, and which run is relied on."""
        from evalkit.report.verdict.checks import Level
        from evalkit.report.verdict.github import Annotation, outputs_text

        annotate([Annotation(Level.NOTICE, "evalkit: unchanged", outputs["sentence"])])
        self._append("GITHUB_OUTPUT", outputs_text(outputs))
        self._append("GITHUB_STEP_SUMMARY", summary + "\n", most=MOST_OF_A_SUMMARY)

    def _in_repository(self, file: str | Path) -> str:
        """Return a file as the repository names it, where it lies in one.

        Annotations, and the inputs of later steps, are read from the top of the repository.
        """
        workspace = self.environment.get("GITHUB_WORKSPACE")
        if not workspace:
            return str(file)
        whole = Path(file).resolve()
        try:
            return whole.relative_to(Path(workspace).resolve()).as_posix()
        except ValueError:
            return str(whole)

    def _append(self, variable: str, text: str, *, most: int | None = None) -> None:
        name = self.environment.get(variable)
        if not name:
            _say(f"{variable} is not set: expected the file that GitHub names for each step; nothing "
                 "was written to it (--ci none asks for nothing)")  # fmt: skip
            return
        try:
            with Path(name).open("ab+") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - 1))
                gap = b"" if stream.read(1) in {b"", b"\n"} else b"\n"
                content = gap + text.encode("utf-8", "backslashreplace")
                if most is None or size + len(content) <= most:
                    stream.write(content)
                    return
        except OSError as error:
            _say(f"{variable}: {name} cannot be written: {error.strerror or error}; the verdict and "
                 "the exit code are the same without it")  # fmt: skip
            return
        _say(f"{variable}: {name} would be longer than the {most:,} bytes that GitHub takes; nothing "
             "was added to it, summary.md in the run folder has it")  # fmt: skip


def annotate_problems(error: EvalkitError) -> None:
    """Show what is wrong with files at its places, in GitHub Actions, unless ``--ci`` forbids it."""
    from evalkit.core.errors import SpecError
    from evalkit.report.verdict.github import problem_annotations

    arguments = sys.argv[1:]
    forbidden = "--ci=none" in arguments or ("--ci", "none") in pairwise(arguments)
    if isinstance(error, SpecError) and in_github(os.environ) and not forbidden:
        annotate(problem_annotations(error.problems))


def annotate(found: list[Annotation]) -> None:
    """Print annotations on standard error, past the guard that lets no other text be a command."""
    from evalkit.report.verdict.github import annotation_line

    sys.stderr.flush()
    stream = sys.__stderr__
    if stream is not None:
        stream.write("".join(f"{annotation_line(item)}\n" for item in found))
        stream.flush()


def _say(message: str) -> None:
    sys.stderr.write(f"evalkit: {message}\n")
