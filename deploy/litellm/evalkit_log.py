# ruff: noqa: ARG002, INP001 - litellm names the arguments, and the proxy loads it from beside its config
"""A callback of the LiteLLM proxy that writes what evalkit reads, a line of JSON a request.

It lies beside the proxy's config.yaml, which names it: ``callbacks: evalkit_log.log``. EVALKIT_LOG says
where the log is. Callers' headers and tracebacks, which stand in the payload too, are left out.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

KEPT = (
    "id", "trace_id", "call_type", "stream", "status", "startTime", "completionStartTime", "endTime", "model",
    "model_group", "end_user", "cache_hit", "prompt_tokens", "completion_tokens", "response_cost",
    "request_tags", "messages", "response", "error_str",
)  # fmt: skip


class Log(CustomLogger):
    """Writes each request once it is answered, or has failed."""

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Write what was answered."""
        self._write(kwargs)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Write what failed."""
        self._write(kwargs)

    def _write(self, kwargs: dict[str, Any]) -> None:
        payload = kwargs.get("standard_logging_object")
        if payload is None:
            return
        about = payload.get("error_information") or {}
        kept = {name: payload.get(name) for name in KEPT}
        kept["error_information"] = {
            name: about.get(name) for name in ("error_code", "error_class")
        }
        with Path(os.environ.get("EVALKIT_LOG", "litellm.jsonl")).open(
            "a", encoding="utf-8"
        ) as log:
            log.write(json.dumps(kept, default=str) + "\n")


log = Log()
