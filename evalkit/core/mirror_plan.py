"""What a mirror's file says: where traffic comes from and goes to, what is told, checked and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from evalkit.core.mirror import CopyLimits, Limits, Mode, Upstream, UserKey
from evalkit.core.mirror_edge import SchemaPlan
from evalkit.core.mirror_metadata import MetadataPlan
from evalkit.core.model import Arm, Prices


class Personal(StrEnum):
    """What is found in texts by its form, and blotted out."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"
    IP = "ip"


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A regular expression, and what is written in place of what it finds."""

    pattern: str
    instead: str


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field of the record that is never written: keys from its top; ``*`` is every key or item."""

    keys: tuple[str, ...]


Rule: TypeAlias = "Personal | PatternRule | FieldRule"


@dataclass(frozen=True, slots=True)
class LogPlan:
    """Where the traffic is written: rotated by size and age, what is put aside compressed.

    ``sample`` is the share of requests that are written, by their users or else their ids. Of the
    parts that were put aside, the newest ``keep`` are kept. ``texts`` says whether what people and
    models wrote is written at all, ``rules`` what is blotted out of it. ``salt`` is the secret by which
    users become pseudonyms, as ``${env:NAME}``; without one a file beside the log holds it. ``output``
    says by JMESPath where the text of an answer stands that is of no known form.
    """

    path: Path
    sample: float = 1.0
    rotate_bytes: int = 256 * 2**20
    rotate_seconds: float = 3600.0
    keep: int = 168
    texts: bool = True
    rules: tuple[Rule, ...] = ()
    salt: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Whom the candidate answers: this share of the users, dealt anew with every run.

    ``trouble`` says why nobody is given the candidate, where the canary's state could not be read.
    """

    value: float = 0.0
    run: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """What a mirror's file says.

    ``admin`` is where it is watched; ``state`` the file of the canary whose share is dealt, in that
    mode; ``paths`` are patterns of the paths that are copied, split and written down, every path
    where there is none. ``copy_share`` is the share of requests that are copied. Headers hold
    ``${env:NAME}`` as they were written: they are filled in where the traffic is opened. ``drain`` is
    how many seconds requests under way have when it ends.
    """

    name: str
    listen: str
    live: Upstream
    candidate: Upstream
    mode: Mode = Mode.SHADOW
    admin: str | None = None
    user: UserKey | None = None
    state: Path | None = None
    paths: tuple[str, ...] = ()
    copies: CopyLimits = field(default_factory=CopyLimits)
    copy_share: float = 1.0
    limits: Limits = field(default_factory=Limits)
    drain: float = 30.0
    log: LogPlan | None = None
    prices: Mapping[Arm, Prices] = field(default_factory=dict)
    metadata: MetadataPlan = field(default_factory=MetadataPlan)
    schema: SchemaPlan | None = None
