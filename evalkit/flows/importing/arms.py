"""The labels that logs name their arms by become the two arms of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from evalkit.core.errors import UsageError, suggestion
from evalkit.core.model import Arm
from evalkit.files.text import file_name
from evalkit.flows.importing.spool import Group, Spool
from evalkit.flows.importing.things import Wanted


def chosen_arms(spool: Spool, wanted: Wanted) -> dict[int, Arm]:
    """Return the arm of each group that becomes one.

    Raises:
        UsageError: nobody said which label is which arm, or a label is not there.
    """
    labels: Counter[str] = Counter()
    for group, number in spool.groups.items():
        labels[group.label] += spool.counts[number]
    named = {Arm.BASELINE: wanted.baseline, Arm.CANDIDATE: wanted.candidate}
    if wanted.baseline is None and wanted.candidate is None:
        named = _usual(labels)
    elif wanted.candidate is None or wanted.baseline is None:
        named = _completed(named, spool.groups)
    chosen: dict[int, Arm] = {}
    for arm, label in named.items():
        if label is None:
            continue
        numbers = [number for group, number in spool.groups.items() if label in group]
        if not numbers:
            names = [*labels, *(file_name(group.file) for group in spool.groups)]
            raise UsageError(
                f"--{arm} {label}: no arm of the logs is called so{suggestion(label, names)}; "
                f"found {_shown(labels)}"
            )
        for number in numbers:
            if chosen.setdefault(number, arm) is not arm:
                raise UsageError(f"--baseline and --candidate both name {label}")
    return chosen


def _usual(labels: Counter[str]) -> dict[Arm, str | None]:
    """Return the labels of both arms where they are called so, or the one label that there is."""
    if set(labels) == set(Arm):
        return {arm: arm.value for arm in Arm}
    if len(labels) == 1:
        (only,) = labels
        arm = Arm.BASELINE if only == Arm.BASELINE else Arm.CANDIDATE
        return {arm: only}
    raise UsageError(
        f"the logs name {len(labels)} arms, {_shown(labels)}; say which is which: "
        "--candidate LABEL, and --baseline LABEL for the one it is compared with"
    )


def _completed(named: Mapping[Arm, str | None], groups: Iterable[Group]) -> dict[Arm, str | None]:
    """Return the labels of both arms where one was named and one other is there."""
    (given,) = [label for label in named.values() if label is not None]
    by_file = any(given == group.file for group in groups)
    others = {group.file if by_file else group.label for group in groups if given not in group}
    if len(others) != 1:
        return dict(named)
    (other,) = others
    return {arm: label if label is not None else other for arm, label in named.items()}


def _shown(labels: Counter[str]) -> str:
    most = [f"{label!r} ({count:,})" for label, count in labels.most_common(8)]
    return ", ".join(most) + (", …" if len(labels) > len(most) else "")
