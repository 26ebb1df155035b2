"""Independent reference values are held against our implementations.

A file of vectors is a JSON list of ``{id, method, inputs, expected, tolerance, source}``. Each
method has one function in a module of ``families`` that hands the inputs to the statistics as a
gate would and gives the outputs back under the names of the vector. ``python -m evalkit.testing
vectors FILE`` runs a file.
"""

from __future__ import annotations

from evalkit.testing.vectors.files import Vector, read_vectors
from evalkit.testing.vectors.methods import METHODS
from evalkit.testing.vectors.running import Mismatch, mismatches

__all__ = ["METHODS", "Mismatch", "Vector", "mismatches", "read_vectors"]
