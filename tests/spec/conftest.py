"""A folder with a golden set and a recording, and how an envelope in it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import SpecError
from evalkit.spec.envelope import LoadedEnvelope, load_envelope


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with six cases and their recorded outputs."""
    cases = [
        {
            "id": f"c{number}",
            "input": f"question {number}",
            "reference": "yes",
            "tags": ["odd"] if number % 2 else ["even", "all"],
            "metadata": {"lang": "de" if number < 2 else "en", "turns": number, "live": True},
        }
        for number in range(6)
    ]
    outputs = [{"id": case["id"], "output": "yes"} for case in cases]
    for name, lines in {"golden.jsonl": cases, "outputs.jsonl": outputs}.items():
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Callable[..., LoadedEnvelope]:
    """Return how the text of an envelope is loaded."""

    def do(text: str, *, name: str = "envelope.yaml", **given: Any) -> LoadedEnvelope:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return load_envelope(path, **given)

    return do


@pytest.fixture
def problems_of(load: Callable[..., LoadedEnvelope], folder: Path) -> Callable[..., list[str]]:
    """Return how the problems of an envelope are read, one a line, without the folder."""

    def do(text: str, **given: Any) -> list[str]:
        with pytest.raises(SpecError) as caught:
            load(text, **given)
        assert len(str(caught.value).splitlines()) == len(caught.value.problems)
        return str(caught.value).replace(f"{folder}/", "").splitlines()

    return do
