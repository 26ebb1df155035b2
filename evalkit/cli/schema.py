"""``evalkit schema``: the grammar of envelopes for editors."""

from __future__ import annotations

import sys


def schema() -> None:
    """Print the JSON Schema of envelope files.

    Editors complete and check with it: evalkit schema > envelope.schema.json
    """
    from evalkit.spec.json_schema import schema_text

    sys.stdout.write(schema_text())
