"""VERDICT → BYTES: a report computes no number; it lays out, compares and cuts text."""
