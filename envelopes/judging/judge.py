"""Stands in for a judge model, so that the example needs no key: it looks for the reference.

A real judge is a model behind a provider: see docs/judge.md. What is asked is the same text.
"""

from __future__ import annotations

import json
import re

FENCED = re.compile(r"<(\w+) ([0-9a-f]{16})>\n(.*?)\n</\1 \2>", re.DOTALL)


def judge(prompt: str) -> str:
    """Return the verdict on what stands between the fences of a prompt."""
    parts = {name: text for name, _, text in FENCED.findall(prompt)}
    fact = parts.pop("reference").casefold()
    parts.pop("question")
    holds = {name: fact in text.casefold() for name, text in parts.items()}
    if "answer" in holds:
        verdict = "yes" if holds["answer"] else "no"
    elif holds["first"] == holds["second"]:
        verdict = "tie"
    else:
        verdict = "first" if holds["first"] else "second"
    return json.dumps({"reason": f"It looks for {fact!r}.", "verdict": verdict})
