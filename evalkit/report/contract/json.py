"""What became of a contract becomes a JSON document, the same bytes for the same schemas."""

from __future__ import annotations

from evalkit.core.contract import ContractDiff, Version
from evalkit.core.contract_wording import contract_sentence, way_out
from evalkit.core.digest import plain
from evalkit.core.model import Json
from evalkit.core.verdict import ExitCode
from evalkit.files.json_text import document_text


def contract_text(diff: ContractDiff, *, old: str, new: str, exit_code: ExitCode) -> str:
    """Return the document of what became of the schema in one file in another."""
    return document_text(
        {
            "schema": "evalkit.contract/1",
            "old": _side(old, diff.old_version),
            "new": _side(new, diff.new_version),
            "standing": diff.standing.value,
            "exit_code": int(exit_code),
            "sentence": contract_sentence(diff),
            "way_out": way_out(diff) or None,
            "incremented": diff.incremented,
            "version_why": diff.version_why,
            "changes": plain(diff.changes),
        }
    )


def _side(path: str, version: Version | None) -> Json:
    return {"path": path, "format_version": plain(version)}
