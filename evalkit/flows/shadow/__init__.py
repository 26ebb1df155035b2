"""Logs of both arms → tallies → a verdict by the envelope of the gate."""
