"""LOG → LOGGED REQUESTS: one format a file, with its examples inside."""

from evalkit.core.model import Json
from evalkit.core.records import RecordError
from evalkit.core.registry import reader
from evalkit.core.traffic import LogExample, LogRecord

__all__ = ["Json", "LogExample", "LogRecord", "RecordError", "reader"]
