"""A server that answers chat completions as models that are measured, and as the judges of their answers.

What is asked for ``judge-1`` is judged by whether the answer between the fences holds a word; every
other model answers with its name. What a judge is to say otherwise, a test says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from evalkit.testing.server import Heard, Reply, ScriptedServer, scripted

JUDGE = "judge-1"
_FENCED = re.compile(r"<(\w+) ([0-9a-f]{16})>\n(.*?)\n</\1 \2>", re.DOTALL)


def parts_of(prompt: str) -> dict[str, str]:
    """Return what stands between the fences of a judge's prompt, by name."""
    return {name: text for name, _, text in _FENCED.findall(prompt)}


def verdict(word: object, reason: str = "As the criteria say.") -> str:
    """Return what a judge writes."""
    return json.dumps({"reason": reason, "verdict": word})


def by_a_word(prompt: str) -> str:
    """Say yes where the answer holds the word good; of two answers prefer the one that does."""
    parts = parts_of(prompt)
    if "answer" in parts:
        return verdict("yes" if "good" in parts["answer"] else "no")
    first, second = "good" in parts["first"], "good" in parts["second"]
    return verdict("tie" if first == second else "first" if first else "second")


@dataclass
class Judging:
    """What the server says, and whom it was asked as; ``refuses`` is what it says to a judge's key."""

    judge: Callable[[str], str] = by_a_word
    answer: Callable[[str, str], str] = lambda model, prompt: f"{model} says {prompt}"
    refuses: Reply | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, heard: Heard) -> Reply:
        """Answer one request."""
        body = json.loads(heard.body)
        self.asked.append(body)
        prompt = body["messages"][-1]["content"]
        judged = body["model"] == JUDGE
        if judged and self.refuses is not None:
            return self.refuses
        text = self.judge(prompt) if judged else self.answer(body["model"], prompt)
        found = {
            "id": "c-1",
            "model": body["model"],
            "choices": [{"finish_reason": "stop", "message": {"content": text}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10},
        }
        return Reply(body=json.dumps(found).encode())

    def of(self, model: str) -> list[dict[str, Any]]:
        """Return the bodies that asked for a model."""
        return [body for body in self.asked if body["model"] == model]


@contextmanager
def judge_server(script: Judging) -> Iterator[ScriptedServer]:
    """Serve for as long as the block lasts."""
    with scripted(script) as server:
        yield server
