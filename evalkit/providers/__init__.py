"""SNAPSHOT + REQUEST → SAMPLE: one wire format a file."""
