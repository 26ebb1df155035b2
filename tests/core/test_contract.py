"""What became of a contract is said the same way everywhere."""

from __future__ import annotations

from evalkit.core.contract import Change, ContractDiff, Effect, Standing, Version
from evalkit.core.contract_wording import contract_note, contract_sentence, way_out
from evalkit.core.fields import Fact


def change(effect: Effect, path: str = "a") -> Change:
    return Change(path, "type", effect, "1", "2", "Why.")


def diff(*changes: Change, new: str | None = None, incremented: bool = False) -> ContractDiff:
    version = Version(new, (new,), "version") if new else None
    return ContractDiff(None, version, incremented, "it is so", changes)


BREAKS, UNCLEAR = change(Effect.BREAKING), change(Effect.UNCLEAR)
ADDS, REMARKS = change(Effect.ADDITIVE), change(Effect.COSMETIC)


def test_a_contract_stands_unless_something_breaks_without_a_word() -> None:
    assert diff().standing is diff(ADDS, REMARKS).standing is Standing.KEPT
    assert diff(BREAKS, UNCLEAR, incremented=True).standing is Standing.KEPT
    assert diff(BREAKS, UNCLEAR).standing is Standing.BROKEN
    assert diff(UNCLEAR, ADDS).standing is Standing.UNCLEAR


def test_the_sentence_says_what_matters_most() -> None:
    assert contract_sentence(diff()) == "The contract is the same."
    assert contract_sentence(diff(new="1")) == "The contract is the same; it is so."
    assert contract_sentence(diff(ADDS)) == "1 change, which breaks no reader."
    assert contract_sentence(diff(ADDS, REMARKS)) == "2 changes, none of which breaks a reader."
    assert contract_sentence(diff(UNCLEAR)) == (
        "1 change is not understood, and no increment says so: it is so."
    )
    assert contract_sentence(diff(UNCLEAR, UNCLEAR, incremented=True)) == (
        "2 changes are not understood: it is so."
    )
    assert contract_sentence(diff(BREAKS)) == (
        "1 change breaks readers, and no increment says so: it is so."
    )


def test_the_way_out_names_the_place_of_the_version() -> None:
    assert way_out(diff(ADDS)) == ""
    assert way_out(diff(BREAKS)).startswith(
        "Declare a format version in the new schema (properties.format_version.const)"
    )
    assert way_out(diff(BREAKS, new="1")).startswith(
        "Raise the format version in the new schema (version)"
    )


def test_the_note_of_a_gate_says_first_that_readers_break() -> None:
    many = diff(*(change(Effect.BREAKING, f"f{n}") for n in range(7)))
    assert "readers break without being told: 7 changes" in contract_note(many)
    assert "(f0, f1, f2, f3, f4 and 2 more)" in contract_note(many)
    assert contract_note(diff(BREAKS)).endswith("it is so (a).")
    assert contract_note(diff(ADDS, REMARKS)).endswith("schemas: 1 additive, 1 cosmetic; it is so.")
    assert contract_note(diff()).endswith("they say the same.")
    assert contract_note(diff(new="1")).endswith("they say the same; it is so.")


def test_amounts_are_no_shares() -> None:
    assert [fact for fact in Fact if not fact.share] == [Fact.LENGTH, Fact.NUMBER]
