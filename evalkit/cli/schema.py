"""``evalkit schema``: the grammar of envelopes for editors."""

from __future__ import annotations

import sys


def schema() -> None:
    """Print the JSON Schema of envelope files, for completion and checks in an editor."""
    from evalkit.spec.json_schema import schema_text

    sys.stdout.write(schema_text())
