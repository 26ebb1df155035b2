"""LOOKS → DECISIONS: evidence is gathered look by look, and a rollout goes on, waits or goes back."""

from evalkit.stages.canary.absorb import absorbed
from evalkit.stages.canary.decide import advanced, begun
from evalkit.stages.canary.standings import standings

__all__ = ["absorbed", "advanced", "begun", "standings"]
