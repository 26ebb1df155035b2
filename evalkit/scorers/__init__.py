"""CASE + SAMPLE → SCORE: one behaviour a file, with its examples inside."""

from evalkit.core.envelope import Kind, Support
from evalkit.core.model import Case, Sample, Score, Unscored
from evalkit.core.ports import Example, Value
from evalkit.core.registry import scorer

__all__ = ["Case", "Example", "Kind", "Sample", "Score", "Support", "Unscored", "Value", "scorer"]
