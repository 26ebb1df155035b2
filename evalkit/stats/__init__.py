"""NUMBERS → ESTIMATES: pure functions of arrays; no files, no clock, no global state."""
