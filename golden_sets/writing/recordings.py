"""Answers become recorded outputs: with a time, a price, and now and then a failure instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from golden_sets.writing.dice import Dice
from golden_sets.writing.replies import Answer
from golden_sets.writing.snapshots import Snapshot

CHARS_PER_TOKEN = 4.2
USD_PER_TOKEN_IN = 0.4e-6
USD_PER_TOKEN_OUT = 1.6e-6
SECONDS_APART = 3
"""Requests of a recording follow each other in this rhythm."""

FAILURES: tuple[Mapping[str, str], ...] = (
    {"kind": "timeout", "message": "no answer within 30 s"},
    {"kind": "rate_limited", "message": "429 Too Many Requests: retry after 20 s"},
    {"kind": "server", "message": "503 Service Unavailable: the model is overloaded"},
)


def tokens(text: str) -> int:
    """Return about how many tokens a tokenizer makes of a text."""
    return round(len(text) / CHARS_PER_TOKEN)


def recorded(
    case_id: str,
    sample: int,
    *,
    answer: Answer,
    asked: int,
    snapshot: Snapshot,
    place: int,
    dice: Dice,
) -> dict[str, Any]:
    """Return the record of one answer; ``asked`` are the tokens of the request."""
    moment = datetime.fromisoformat(snapshot.recorded).replace(hour=9, tzinfo=UTC)
    created = moment + timedelta(seconds=SECONDS_APART * place)
    opening = {"id": case_id, "sample": sample}
    closing = {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if dice.at("error").happens(snapshot.errors):
        failure = dict(dice.at("failure").pick(FAILURES))
        return {**opening, "error": failure, "model": snapshot.model, **closing}
    said = {"output": answer.output} if answer.refusal is None else {"refusal": answer.refusal}
    written = tokens(answer.output or answer.refusal or "")
    took = (snapshot.think_ms + snapshot.token_ms * written) * dice.at("latency").stretch()
    cost = asked * USD_PER_TOKEN_IN + written * USD_PER_TOKEN_OUT
    return {
        **opening,
        **said,
        "model": snapshot.model,
        "finish_reason": answer.finish_reason,
        "latency_ms": round(took),
        "input_tokens": asked,
        "output_tokens": written,
        "reasoning_tokens": 0,
        "cost_usd": round(cost, 7),
        **closing,
    }
