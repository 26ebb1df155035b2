"""The seams where plug-ins are put in: what a stage may ask of a provider, a scorer, a reader.

A plug-in is a frozen declaration around a function or a class. It is found by looking (see
``core.registry``), it carries its own options as a frozen dataclass, and a stage sees nothing of
it but what stands here.
"""

from __future__ import annotations

from evalkit.core.ports.providers import (
    Costs,
    Lack,
    Memory,
    Overheard,
    Overhears,
    Provider,
    ProviderPlugin,
    Recording,
    Request,
    Surroundings,
    always,
    told,
)
from evalkit.core.ports.readers import ReaderPlugin
from evalkit.core.ports.scorers import (
    Accuracy,
    Across,
    Example,
    Heard,
    NoOptions,
    Question,
    Remote,
    ScoreFunction,
    Scorer,
    ScorerPlugin,
    Value,
    nothing_published,
)

__all__ = [
    "Accuracy",
    "Across",
    "Costs",
    "Example",
    "Heard",
    "Lack",
    "Memory",
    "NoOptions",
    "Overheard",
    "Overhears",
    "Provider",
    "ProviderPlugin",
    "Question",
    "ReaderPlugin",
    "Recording",
    "Remote",
    "Request",
    "ScoreFunction",
    "Scorer",
    "ScorerPlugin",
    "Surroundings",
    "Value",
    "always",
    "nothing_published",
    "told",
]
