"""TEXT → NUMBERS: pure functions of a text; no files but those that ship with evalkit, no clock."""
