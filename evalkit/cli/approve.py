"""``evalkit approve``: a candidate that passed becomes the next baseline, or a verdict is let through."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.completing import RunArgument
from evalkit.cli.options import By
from evalkit.core.errors import UsageError

if TYPE_CHECKING:
    from evalkit.core.lock import LockEntry
    from evalkit.core.waiver import Waiver
    from evalkit.flows.approve import Looked
    from evalkit.flows.locked import Locked
    from evalkit.spec.lock import WaiverFile

EPILOG = "Exit codes: 0 written; 2 the run cannot be approved or waived, and why."

Because = Annotated[
    str | None,
    typer.Option(help="Let a run through that is no pass, and say why: a waiver."),
]
Until = Annotated[
    str | None, typer.Option(help="The last day of the waiver, at most 90 days away.")
]
Broken = Annotated[
    bool, typer.Option("--broken", help="Let even a bound through that is shown broken.")
]
OtherEnvelope = Annotated[
    Path | None,
    typer.Option(help="The envelope [default: the one the run was made with]."),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Put a waiver in the place of an earlier one.")
]


def approve(
    run: RunArgument,
    because: Because = None,
    until: Until = None,
    broken: Broken = False,
    envelope: OtherEnvelope = None,
    replace: Replace = False,
    by: By = None,
) -> None:
    """Approve the candidate of a run that passed, or let a verdict through that is no pass.

    An approval goes into evalkit.lock; `evalkit baseline freeze --candidate` then records fresh draws
    of it. A waiver goes into evalkit.waivers.yaml beside the envelope, and `evalkit gate` honours it for
    this envelope, golden set and candidate until its last day. Both are files to be reviewed.
    """
    from evalkit.cli.world import who
    from evalkit.flows import approve as flow

    if (because is None) != (until is None):
        raise UsageError("a waiver needs both: --because TEXT --until DATE")
    if because is None and (broken or replace):
        raise UsageError("--broken and --replace are about a waiver: --because TEXT --until DATE")
    looked = _looked_at(run, envelope)
    name, now = flow.sound_line(who(by), "--by"), datetime.now(UTC)
    if because is None or until is None:
        at = now.isoformat(timespec="seconds")
        _say_approved(looked, *flow.approve(looked, by=name, at=at))
    else:
        waived = flow.waive(
            looked, by=name, because=because, until=until,
            today=now.date(), broken=broken, replaces=replace,
        )  # fmt: skip
        _say_waived(looked, *waived)


def _looked_at(run: Path, envelope: Path | None) -> Looked:
    """Return a run beside its own envelope, and beside the one that is there today."""
    from evalkit.cli.world import code_root
    from evalkit.core.model import Arm
    from evalkit.flows.approve import looked_at
    from evalkit.spec.envelope import load_envelope
    from evalkit.spec.overrides import Overrides
    from evalkit.stages.store import RunFolder

    folder = RunFolder.open(run)
    manifest = folder.manifest()
    own = load_envelope(
        folder.envelope_path, overrides=Overrides(only=manifest.only), code_root=code_root()
    )
    path = envelope or Path(manifest.envelope)
    if not path.is_file():
        raise UsageError(f"{path}, with which {run} was made, is not there; name it: --envelope")
    overrides = Overrides(answered={Arm.CANDIDATE: folder.answered()[Arm.CANDIDATE]})
    today = load_envelope(path, overrides=overrides, code_root=code_root())
    return looked_at(folder, own, today)


def _say_waived(looked: Looked, file: WaiverFile, waiver: Waiver) -> None:
    """Print the waiver, what it covers, and what to do next."""
    covered = ", ".join(waiver.bounds) or f"{waiver.verdict}, whatever bounds say"
    path = looked.envelope.path
    sys.stdout.write(
        f"{file.path}: {waiver.sentence}\n"
        f"It covers {covered}. Commit it; evalkit gate {path} then exits with 0 and says so first.\n"
    )


def _say_approved(looked: Looked, lock: Locked, before: LockEntry) -> None:
    """Print what was approved, what it took the place of, and what to do next."""
    from evalkit.core.model import Arm

    told = [f"{lock.path}: the candidate of {looked.run.path} is approved"]
    old = before.approved
    if old is not None and old.run != looked.run.manifest().run:
        told.append(f"  in place of that of {old.run}, approved by {old.by}, {old.at[:10]}")
    path = looked.envelope.path
    if Arm.CANDIDATE in looked.envelope.envelope.live:
        told += [
            "Its answers won this gate, and a baseline must not be made of draws that were chosen for that:",
            f"  evalkit baseline freeze {path} --candidate{' --replace' if before.baseline else ''}",
        ]
    else:
        told += [
            "It was played back: nobody can be asked for fresh draws, and the recorded ones won this gate. A",
            "baseline made of them makes every later candidate look worse than it is. Record others of the",
            "same snapshot, name them as the candidate's path, and then:",
            f"  evalkit baseline freeze {path} --candidate{' --replace' if before.baseline else ''}",
        ]
    sys.stdout.write("".join(f"{line}\n" for line in told))
