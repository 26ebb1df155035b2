"""What became of a contract in sentences, the same in every output."""

from __future__ import annotations

from evalkit.core.contract import ContractDiff, Effect, Standing
from evalkit.core.wording import count_text

NAMED = 5
"""So many of the places that break are named in a note; the others are counted."""


def contract_sentence(diff: ContractDiff) -> str:
    """Return in a sentence what became of a contract, for its readers."""
    counts = {effect: len(diff.of(effect)) for effect in Effect}
    if not diff.changes:
        but = f"; {diff.version_why}" if _renamed(diff) else ""
        return f"The contract is the same{but}."
    breaking, unclear = counts[Effect.BREAKING], counts[Effect.UNCLEAR]
    if breaking:
        verb = "breaks" if breaking == 1 else "break"
        head = f"{count_text(breaking, 'change')} {verb} readers"
    elif unclear:
        verb = "is" if unclear == 1 else "are"
        head = f"{count_text(unclear, 'change')} {verb} not understood"
    else:
        all_of_them = count_text(len(diff.changes), "change")
        return f"{all_of_them}, {'which breaks no reader' if len(diff.changes) == 1 else 'none of which breaks a reader'}."
    link = ": " if diff.incremented else ", and no increment says so: "
    return f"{head}{link}{diff.version_why}."


def _renamed(diff: ContractDiff) -> bool:
    """Return whether the format version is another one; that alone changes nothing for a reader."""
    texts = [
        None if version is None else version.text
        for version in (diff.old_version, diff.new_version)
    ]
    return texts[0] != texts[1]


def way_out(diff: ContractDiff) -> str:
    """Return what readers have to be told, and how; nothing where nothing is left to do."""
    if diff.standing is Standing.KEPT:
        return ""
    version = diff.new_version or diff.old_version
    where = "properties.format_version.const" if version is None else version.where
    what = "Declare a format version" if diff.new_version is None else "Raise the format version"
    return f"{what} in the new schema ({where}), or take back what breaks."


def contract_note(diff: ContractDiff) -> str:
    """Return what a reader of a verdict has to know of two arms that are held to different schemas."""
    head = "The arms are held to different response schemas"
    if diff.standing is not Standing.BROKEN:
        counts = [(len(diff.of(effect)), effect.value) for effect in Effect]
        told = ", ".join(f"{count:,} {name}" for count, name in counts if count)
        told = told or "they say the same"
        said = f"{told}; {diff.version_why}" if diff.changes or _renamed(diff) else told
        return f"{head}: {said}."
    places = list(dict.fromkeys(change.path for change in diff.of(Effect.BREAKING)))
    named = ", ".join(places[:NAMED])
    more = f" and {len(places) - NAMED:,} more" if len(places) > NAMED else ""
    return f"{head}, and readers break without being told: {contract_sentence(diff)[:-1]} ({named}{more})."
