"""The engines behind an estimate: each knows its limits, its p-values, and how it would grow."""
