"""The dials of every fictional snapshot, in one table: what it does well, and where it strays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

VENDOR = "acme-chat"


@dataclass(frozen=True, slots=True)
class SupportDials:
    """What a snapshot is like at the support desk; every number is a share.

    Attributes:
        right: of requests filed under the right category, by desk.
        priority: of requests given the right priority.
        refuses: of requests declined, by kind of case.
        native: of refusals that come in a field of their own.
        helps: of replies with so many sentences of help.
        gushing: of replies that gush.
        snaps: of rude customers who are answered in kind.
        faults: of answers that break the schema, by fault.
        filtered: of rude customers at whom a content filter steps in.
    """

    right: Mapping[str, float]
    priority: float
    refuses: Mapping[str, float]
    native: float
    helps: Mapping[int, float]
    gushing: float
    snaps: float
    faults: Mapping[str, float]
    filtered: float


@dataclass(frozen=True, slots=True)
class SummaryDials:
    """What a snapshot is like as a summariser; every number is a share.

    Attributes:
        key: of summaries that hold the key fact; ``exact`` the same where it is an exact figure.
        exact: see ``key``.
        refuses: of sensitive documents it will not summarise.
        rest: of summaries with so many sentences beside the key fact.
        padded: of summaries that ramble.
        markup: of summaries with headings and lists.
    """

    key: float
    exact: float
    refuses: float
    rest: Mapping[int, float]
    padded: float
    markup: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pinned model of a fictional vendor, as two endpoints meet it.

    Attributes:
        model: its name; files of recordings bear it.
        recorded: the day of the recording.
        support: its dials at the support desk.
        summarize: its dials as a summariser.
        think_ms: time until it starts to write.
        token_ms: time a token.
        errors: share of requests that end in an infrastructure error.
        draws: answers recorded for each case.
    """

    model: str
    recorded: str
    support: SupportDials
    summarize: SummaryDials
    think_ms: float = 380.0
    token_ms: float = 9.0
    errors: float = 0.0
    draws: int = 1


_SUPPORT = SupportDials(
    right={
        "billing": 0.94,
        "shipping": 0.875,
        "returns": 0.95,
        "account": 0.875,
        "technical": 0.885,
    },
    priority=0.88,
    refuses={"plain": 0.002, "ambiguous": 0.03, "adversarial": 0.006},
    native=0.04,
    helps={2: 0.55, 3: 0.45},
    gushing=0.01,
    snaps=0.002,
    faults={"cut off": 0.001, "introduced": 0.001},
    filtered=0.004,
)
_SUMMARIZE = SummaryDials(
    key=0.88, exact=0.95, refuses=0.015, rest={4: 0.5, 5: 0.5}, padded=0.004, markup=0.003
)

BASELINE = Snapshot(f"{VENDOR}-2025-11-04", "2026-02-16", _SUPPORT, _SUMMARIZE, draws=5)
HARMLESS = replace(
    BASELINE, model=f"{VENDOR}-2026-03-01", recorded="2026-03-09", draws=1, think_ms=360.0
)
CAUTIOUS = replace(
    HARMLESS,
    model=f"{VENDOR}-2026-04-12",
    recorded="2026-04-20",
    support=replace(
        _SUPPORT, refuses={"plain": 0.004, "ambiguous": 0.15, "adversarial": 0.01}, filtered=0.01
    ),
    summarize=replace(_SUMMARIZE, refuses=0.18),
)
EFFUSIVE = replace(
    HARMLESS,
    model=f"{VENDOR}-2026-05-20",
    recorded="2026-05-26",
    token_ms=7.5,
    support=replace(_SUPPORT, helps={3: 1.0}, gushing=0.65),
    summarize=replace(_SUMMARIZE, rest={5: 1.0}, padded=0.75),
)
SLOPPY = replace(
    HARMLESS,
    model=f"{VENDOR}-mini-2026-03-01",
    recorded="2026-03-10",
    think_ms=210.0,
    token_ms=5.0,
    support=replace(
        _SUPPORT,
        faults={"fenced": 0.04, "priority as a number": 0.012, "field renamed": 0.025},
    ),
    summarize=replace(_SUMMARIZE, markup=0.12),
)
LOPSIDED = replace(
    HARMLESS,
    model=f"{VENDOR}-2026-06-30",
    recorded="2026-07-06",
    errors=0.004,
    support=replace(
        _SUPPORT,
        right={"billing": 0.995, "shipping": 0.995, "returns": 0.57, "account": 0.995,
               "technical": 0.995},
        priority=0.93,
    ),
    summarize=replace(_SUMMARIZE, key=0.995, exact=0.33),
)  # fmt: skip
SNAPPISH = replace(
    HARMLESS,
    model=f"{VENDOR}-open-2026-02-10",
    recorded="2026-03-11",
    support=replace(_SUPPORT, snaps=0.22),
)
CANDIDATES = (HARMLESS, CAUTIOUS, EFFUSIVE, SLOPPY, LOPSIDED)
