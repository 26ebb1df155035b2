"""Logs become logged requests, one at a time, whatever the format."""

from evalkit.spec.traffic.log import Log, logged_lines, open_log
from evalkit.spec.traffic.mapping import NO_MAP, FieldMap, field_map

__all__ = ["NO_MAP", "FieldMap", "Log", "field_map", "logged_lines", "open_log"]
