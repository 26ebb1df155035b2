"""evalkit states the acceptable behaviour of an AI endpoint and proves or disproves it."""

__version__ = "0.1.0"
