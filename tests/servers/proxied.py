"""What the litellm proxy of the tests serves: names that stand for others, and mocked failures."""

from __future__ import annotations

from typing import Any

ANSWER = "In Paris, by the river."
OLD, NEW = "openai/gpt-5.4-mini-2026-03-17", "openai/gpt-5.5-2026-04-23"
CLAUDE, GEMINI = "anthropic/claude-sonnet-4-5-20250929", "gemini/gemini-2.5-pro"
PLAIN = "gpt-4o"
RATE, SERVER = "litellm.RateLimitError", "litellm.InternalServerError"
OVERLONG, FILTER = "litellm.ContextWindowExceededError", "Exception: content_filter_policy"


def _mocked(name: str, model: str, response: str = ANSWER, **more: str) -> dict[str, Any]:
    params = {"model": model, "api_key": "none", "mock_response": response, **more}
    return {"model_name": name, "litellm_params": params}


def _through_itself(name: str, to: str) -> dict[str, Any]:
    """Return a name that leads to another of the same proxy: Gemini's form mocks no failures."""
    key = "os.environ/LITELLM_MASTER_KEY"
    params = {"model": f"openai/{to}", "api_key": key, "api_base": "{own}/v1"}
    return {"model_name": name, "litellm_params": params}


MODELS = [
    _mocked("old", OLD),
    _mocked("new", NEW),
    _mocked(PLAIN, f"openai/{PLAIN}"),
    _mocked("claude-old", CLAUDE),
    _mocked("gemini-old", GEMINI),
    _mocked("falls", OLD, RATE),
    _mocked("limited", OLD, RATE),
    _mocked("claude-broken", CLAUDE, SERVER),
    _through_itself("gemini-limited", "limited"),
    _mocked("overlong", OLD, OVERLONG),
    _mocked(
        "filtered", "azure/gpt-4o", FILTER, api_base="http://127.0.0.1:9", api_version="2024-10-21"
    ),
]


def through_to(base_url: str) -> list[dict[str, Any]]:
    """Return the names that lead to another server, which speaks chat completions."""
    return [
        {
            "model_name": name,
            "litellm_params": {"model": f"openai/{to}", "api_key": "none", "api_base": base_url},
        }
        for name, to in (("vendor-1", "m-1"), ("vendor-2", "m-2"))
    ]
