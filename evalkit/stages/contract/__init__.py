"""Two response schemas become what changed for whoever reads the answers."""

from __future__ import annotations

from evalkit.core.contract import Change, ContractDiff, Effect
from evalkit.features.format_version import FIELD, KEYS, declared_version, increment
from evalkit.features.schema import SoundSchema
from evalkit.stages.contract.comparing import Comparing
from evalkit.stages.contract.found import Found

ORDER = tuple(Effect)


def contract_diff(old: SoundSchema, new: SoundSchema) -> ContractDiff:
    """Return what became of a schema that answers are held to, the changes that break first.

    A reader relies on what the old schema said of every answer. A change breaks it where an answer
    may come that the old schema ruled out; whatever the new one rules out in addition does not.

    Raises:
        UsageError: the schemas are too large, or nested too deeply.
    """
    before, after = declared_version(old), declared_version(new)
    incremented, why = increment(before, after)
    changes = [found.change for found in Comparing(old, new).changes() if not _of_version(found)]
    changes.sort(key=lambda change: (ORDER.index(change.effect), change.path, change.keyword))
    return ContractDiff(before, after, incremented, why, tuple(changes))


def _of_version(found: Found) -> bool:
    """Return whether a change is that of the format version itself."""
    if found.path == (FIELD,):
        return found.keyword in {"const", "enum"}
    return not found.path and found.keyword in KEYS


__all__ = ["Change", "contract_diff"]
