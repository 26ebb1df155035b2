"""``evalkit init``: the files that a first gate needs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evalkit import __version__
from evalkit.cli.completing import envelopes, recordings
from evalkit.core.errors import UsageError

SCAFFOLD = Path(__file__).parent / "scaffold"
ENVELOPE, GOLDEN, SCHEMA = "envelope.yaml", "golden.jsonl", "envelope.schema.json"
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+|^[._-]+")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


class Ci(StrEnum):
    """Where pull requests are gated."""

    GITHUB = "github"
    GITLAB = "gitlab"


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write.")] = Path(),
    outputs: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Propose the envelope from what a baseline answered (.jsonl, .gz, or a run folder).",
            autocompletion=recordings,
        ),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(
            help="With --from: the golden set [default: that of the run, or the input of each record].",
            autocompletion=recordings,
        ),
    ] = None,
    ci: Annotated[Ci | None, typer.Option(help="Also write a workflow that gates.")] = None,
    envelope: Annotated[
        Path | None,
        typer.Option(
            help="With --ci: an envelope that is there already; only CI is written.",
            autocompletion=envelopes,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The envelope's name [default: the folder's].")
    ] = None,
) -> None:
    """Write an envelope, a golden set and a CI workflow to start from.

    Without --from they are an example that runs at once: no key, no network. With it the bounds
    come from the baseline's own intervals, as tight as this golden set can prove. No file is ever
    overwritten.
    """
    _refuse_misfits(outputs, golden, ci, envelope)
    root = _root(folder)
    target = envelope or folder / ENVELOPE
    made = dict(_workflow(ci, root, target)) if ci else {}
    if envelope is None:
        title = _name(name, folder)
        if outputs is None:
            own = _example(folder, title)
        else:
            _refuse_existing([*made, folder / ENVELOPE, folder / SCHEMA])
            own = _proposed(outputs, golden, folder, title)
        made = {**own, folder / SCHEMA: _schema(), **made}
    _write(made)
    sys.stdout.write("".join(f"wrote {path}\n" for path in made))
    sys.stdout.write("\n" + "\n".join(_next_steps(target, ci, root, made)) + "\n")


def _refuse_misfits(
    outputs: Path | None, golden: Path | None, ci: Ci | None, envelope: Path | None
) -> None:
    if golden is not None and outputs is None:
        raise UsageError("--golden goes with --from OUTPUTS.jsonl, the answers to these cases")
    if envelope is not None and (ci is None or outputs is not None):
        raise UsageError("--envelope names the envelope of --ci github or --ci gitlab, and no more")
    if envelope is not None and not envelope.is_file():
        raise UsageError(f"--envelope {envelope}: no such file")


# ---------------------------------------------------------------- what is written


def _example(folder: Path, title: str) -> dict[Path, str]:
    texts = {ENVELOPE: _text("envelope.yaml", name=title), GOLDEN: _text("golden.jsonl")}
    return {
        folder / file: text for file, text in {**texts, "prompt.md": _text("prompt.md")}.items()
    }


def _proposed(outputs: Path, golden: Path | None, folder: Path, title: str) -> dict[Path, str]:
    from evalkit.flows.propose import propose
    from evalkit.report.proposal import golden_text, proposal_text

    sys.stderr.write(
        "trying bounds on what was recorded; for a thousand cases that takes a minute\n"
    )
    found = propose(outputs, golden, folder, name=title, own_golden=GOLDEN)
    texts = {folder / ENVELOPE: proposal_text(found)}
    if found.derived:
        texts[folder / GOLDEN] = golden_text(found)
    return texts


def _schema() -> str:
    from evalkit.spec.json_schema import schema_text

    return schema_text()


def _workflow(ci: Ci, root: Path, envelope: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of a CI system, below the root of the repository."""
    within = Path(os.path.relpath(envelope.resolve(), root.resolve())).as_posix()
    if within.startswith("..") or not _PLAIN.fullmatch(within):
        raise UsageError(
            f"{envelope}: expected a path inside {root.resolve()} of letters, digits, . _ - and /, "
            "which every shell reads alike"
        )
    if ci is Ci.GITHUB:
        yield root / ".github" / "workflows" / "evalkit.yml", _text("github.yml", envelope=within)
        return
    yield root / ".gitlab" / "evalkit.yml", _text("gitlab.yml", envelope=within)
    if not (root / ".gitlab-ci.yml").exists():
        yield root / ".gitlab-ci.yml", _text("gitlab-root.yml")


def _text(file: str, **values: str) -> str:
    text = (SCAFFOLD / file).read_text(encoding="utf-8").replace("@VERSION@", __version__)
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    return text


def _root(folder: Path) -> Path:
    """Return the repository that a folder lies in, or the folder."""
    whole = folder.resolve()
    for above in (whole, *whole.parents):
        if (above / ".git").exists():
            return Path(os.path.normpath(folder / os.path.relpath(above, whole)))
    return folder


def _name(given: str | None, folder: Path) -> str:
    if given is not None:
        if _NO_NAME.search(given) or not given:
            raise UsageError(f"--name {given}: expected letters, digits, - and _")
        return given
    return _NO_NAME.sub("-", folder.resolve().name).strip("._-") or "envelope"


# ---------------------------------------------------------------- writing


def _refuse_existing(paths: list[Path]) -> None:
    there = [str(path) for path in paths if os.path.lexists(path)]
    if there:
        raise UsageError(
            f"{', '.join(there)}: there already, and init overwrites nothing; "
            "name another FOLDER, or remove it first. Nothing was written."
        )


def _write(made: Mapping[Path, str]) -> None:
    """Write new files.

    Raises:
        UsageError: one of them exists; then none is written.
    """
    _refuse_existing(list(made))
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)


def _next_steps(
    envelope: Path, ci: Ci | None, root: Path, made: Mapping[Path, str]
) -> Iterator[str]:
    yield "Next"
    yield f"  evalkit validate {envelope}"
    yield f"  evalkit gate {envelope}"
    if ci is Ci.GITLAB and root / ".gitlab-ci.yml" not in made:
        yield f"  add to {root / '.gitlab-ci.yml'}:  include: [{{local: .gitlab/evalkit.yml}}]"
    yield "Keep reports/ and .evalkit/ out of git: runs and answers are written there."
