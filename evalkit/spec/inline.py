"""Files named inside an envelope are put in their place, so that one document says everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, Json
from evalkit.files.json_text import json_document
from evalkit.files.text import STDIN, absolute_name, whole_text
from evalkit.spec.document import Document, Trail
from evalkit.spec.problems import Problems
from evalkit.spec.words import shown

JsonObject = dict[str, Json]


def inlined(problems: Problems, folder: Path) -> Document:
    """Return the document with prompts and schemas read in and every path made absolute.

    What is not of the expected shape is left as it is: the grammar will say so.
    """
    data = problems.document.data
    if not isinstance(data, dict):
        return problems.document
    data = dict(data)
    if "golden_set" in data:
        data["golden_set"] = _sources(data["golden_set"], folder)
    for arm in Arm:
        if isinstance(snapshot := data.get(arm), dict):
            data[arm.value] = _snapshot(snapshot, (arm.value,), problems, folder)
    if isinstance(metrics := data.get("metrics"), dict):
        data["metrics"] = {
            name: metric_inlined(item, ("metrics", name), problems, folder)
            for name, item in metrics.items()
        }
    return replace(problems.document, data=data)


def inlined_snapshot(document: Document, folder: Path) -> Json:
    """Return the snapshot a file of its own holds, with its prompt and schema read in.

    Raises:
        SpecError: it is no mapping, or a file it names cannot be read.
    """
    problems = Problems(document)
    if not isinstance(document.data, dict):
        message = f"expected a snapshot: provider, model, …; found {shown(document.data)}"
        raise SpecError.single(document.place(()), message)
    found = _snapshot(document.data, (), problems, folder)
    if problems.found:
        raise SpecError(problems.found)
    return found


def _sources(given: Json, folder: Path) -> Json:
    if isinstance(given, list):
        return [_sources(item, folder) for item in given]
    if isinstance(given, str):
        return _absolute(given, folder)
    if isinstance(given, dict) and isinstance(path := given.get("path"), str):
        return {**given, "path": _absolute(path, folder)}
    return given


def _snapshot(given: JsonObject, trail: Trail, problems: Problems, folder: Path) -> JsonObject:
    found = dict(given)
    prompt = given.get("system_prompt")
    if isinstance(prompt, dict) and isinstance(file := prompt.get("file"), str):
        if "text" in prompt:
            problems.add((*trail, "system_prompt"), "give text or file, not both")
        for text in _reading(problems, (*trail, "system_prompt", "file"), folder / file):
            rest = {key: value for key, value in prompt.items() if key != "file"}
            found["system_prompt"] = {**rest, "text": text}
    if isinstance(schema := given.get("response_schema"), str):
        found["response_schema"] = {}  # so much is known of one that cannot be read
        inside = (*trail, "response_schema")
        for text in _reading(problems, inside, folder / schema):
            found["response_schema"] = _parsed(text, folder / schema, problems, inside)
    if isinstance(sentinel := given.get("sentinel"), dict):
        found["sentinel"] = _snapshot(sentinel, (*trail, "sentinel"), problems, folder)
    if isinstance(path := given.get("path"), str):
        found["path"] = _absolute(path, folder)
    if isinstance(function := given.get("function"), str) and ".py:" in function:
        path, _, name = function.rpartition(":")
        found["function"] = f"{_absolute(path, folder)}:{name}"
    return found


def metric_inlined(given: Json, trail: Trail, problems: Problems, folder: Path) -> Json:
    """Return a metric with the files it names read in: options written as ``{file: PATH}`` are texts."""
    if not isinstance(given, dict):
        return given
    found = {key: _option(value, (*trail, key), problems, folder) for key, value in given.items()}
    if str(scorer := given.get("scorer")).endswith(".py"):
        found["scorer"] = _absolute(str(scorer), folder)
    if isinstance(calibration := given.get("calibration"), str):
        inside = (*trail, "calibration")
        for text in _reading(problems, inside, folder / calibration):
            data = _parsed(text, folder / calibration, problems, inside)
            found["calibration"] = data
            parts = {**problems.document.parts, inside: Document(calibration, data)}
            problems.document = replace(problems.document, parts=parts)
    if isinstance(by := given.get("by"), dict):
        found["by"] = _snapshot(by, (*trail, "by"), problems, folder)
    return found


def _option(given: Json, trail: Trail, problems: Problems, folder: Path) -> Json:
    """Return an option, the text of a file in place of its name."""
    match given:
        case {"file": str(file), **rest} if not rest:
            for text in _reading(problems, (*trail, "file"), folder / file):
                return text
            problems.mute(trail)
    return given


def _absolute(path: str, folder: Path) -> str:
    return path if path == STDIN else absolute_name(folder / path)


def _parsed(text: str, path: Path, problems: Problems, trail: Trail) -> Json:
    """Return what a text says, or an empty object after noting why it says nothing."""
    try:
        return json_document(text, str(path))
    except SpecError as error:
        problems.found.extend(error.problems)
        problems.mute(trail)
        return {}


def _reading(problems: Problems, trail: Trail, path: Path) -> Iterator[str]:
    """Yield the text of a file, or note why there is none and yield nothing."""
    try:
        yield whole_text(path)
    except SpecError as error:
        for problem in error.problems:
            problems.add(trail, f"{problem.place}: {problem.message}")
