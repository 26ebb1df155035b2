"""Where a verdict came from: what stands in a run's manifest and nowhere in its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.model import Arm, SystemPrompt
from evalkit.core.verdict import Digests
from evalkit.core.waiver import Waiver


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run notes about the world it was made in: time, place and versions are arguments.

    Reports of what is ``redacted`` leave out the texts of models and of the golden set.
    """

    run: str
    created: str
    evalkit: str
    versions: Mapping[str, str]
    commit: str | None = None
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ReliedOn:
    """A pass that stands for a gate that was not run, for none of its inputs changed.

    ``envelope`` is its name and ``path`` its file; ``run``, ``created`` and ``candidate`` are those of the
    run that passed, as the ``ledger`` has them, ``folder`` where it lies, if it is still there.
    """

    envelope: str
    path: str
    run: str
    created: str
    candidate: str
    ledger: str
    folder: str | None
    digests: Digests

    @property
    def sentence(self) -> str:
        """What every output says first."""
        return f"Nothing was run: no input changed since {self.run} passed on {self.created[:10]}."


@dataclass(frozen=True, slots=True)
class Manifest:
    """The provenance of a run.

    ``created`` is ISO 8601 in UTC; ``lines`` says in which line of the envelope each bound is
    written; ``versions`` holds Python and the libraries that compute; ``smoke`` says why a run is
    not whole, or nothing; ``only`` names the bounds that were judged, where not all were; ``look``
    counts the gates on this candidate that the ledger knows, this one among them; ``asked`` says how
    many cases each earlier run had asked that this one went on from. ``spent`` names the limit that
    ended the asking, ``settled`` says that what was answered by then decided every bound, ``stopped``
    names the arm that could not go on and why, and ``kept`` how many answers of an arm were there
    already, paid for by an earlier run. ``unasked`` says, by the name of an instrument, why whoever it
    asks about the samples was not asked to the end. Every report of a run that is ``redacted`` leaves out texts.
    ``lock`` is the digest of the entry of the lock that the run was held against, ``remarks`` what there is
    to say about it, ``prompts`` the system prompts of both arms where both are known; ``waiver`` is the one
    that let the run through.
    """

    run: str
    created: str
    evalkit: str
    envelope: str
    golden_set: tuple[str, ...]
    seed: int
    lines: Mapping[str, int]
    digests: Digests
    smoke: str = ""
    only: tuple[str, ...] = ()
    look: int = 1
    asked: tuple[int, ...] = ()
    spent: str = ""
    settled: bool = False
    stopped: Mapping[Arm, str] = field(default_factory=dict)
    kept: Mapping[Arm, int] = field(default_factory=dict)
    unasked: Mapping[str, str] = field(default_factory=dict)
    redacted: bool = False
    commit: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    lock: str = ""
    remarks: tuple[str, ...] = ()
    prompts: Mapping[Arm, SystemPrompt] = field(default_factory=dict)
    waiver: Waiver | None = None
    schema: str = "evalkit.run/1"

    @property
    def partial(self) -> bool:
        """Whether only some of the cases were asked, and are judged."""
        return bool(self.spent) or self.settled
