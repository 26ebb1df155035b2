"""An answer is picked out of a body by JMESPath, and what the body leaves open out of the headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.core.digest import canonical_json
from evalkit.core.errors import suggestion
from evalkit.core.model import Json
from evalkit.core.ports import Lack
from evalkit.providers.http.template import as_text

WHOLE_BODY = "text"
"""What ``response`` is where the whole body is the answer."""
_FIELDS = {
    "text": "output",
    **{
        name: name
        for name in (
            "refusal", "model", "finish_reason", "format_version", "model_deprecated_at",
            "input_tokens", "output_tokens", "reasoning_tokens", "request_id", "fingerprint",
            "cost_usd",
        )
    },
}  # fmt: skip
_NUMBERS = frozenset(["input_tokens", "output_tokens", "reasoning_tokens", "cost_usd"])


@dataclass(frozen=True, slots=True)
class Reader:
    """Compiled expressions by the field of a record that each of them fills."""

    paths: Mapping[str, Any]

    @classmethod
    def of(cls, paths: Mapping[str, str]) -> Reader:
        """Return the reader of expressions in which ``response_lacks`` found no fault."""
        import jmespath

        return cls({_FIELDS[name]: jmespath.compile(path) for name, path in paths.items()})

    def found(self, body: Json) -> dict[str, Json]:
        """Return the fields of a record that a body holds; what is not there is left out.

        Raises:
            ValueError: a function of an expression does not take what it found; JMESPath lets
                ArithmeticError, TypeError and RecursionError through as well.
        """
        record: dict[str, Json] = {}
        for name, path in self.paths.items():
            value = _read(name, path.search(body))
            if value is not None:
                record[name] = value
        return record

    def nothing(self, body: Json) -> str:
        """Return the sentence about a body in which no answer was found."""
        match body:
            case dict():
                keys = ", ".join(map(repr, body))
                has = f"the body has the keys {keys}" if keys else "the body is empty"
            case list():
                has = f"the body is a list of {len(body)}"
            case _:
                has = "the body is a bare value"
        return f"response.text: {self.paths['output'].expression!r} finds no answer; {has}"


def _read(name: str, value: Json) -> Json:
    """Return a value in the form a record has; an empty word says nothing, except as the answer."""
    if value is None or name in _NUMBERS:
        return value
    if name == "output":
        return as_text(value)
    if value is False or value in ("", [], {}):
        return None
    if name == "refusal":
        return value if value is True else as_text(value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return canonical_json(value) if number else value


# ---------------------------------------------------------------- what is wrong with expressions


def response_lacks(paths: str | Mapping[str, str]) -> Iterator[Lack]:
    """Yield what keeps an answer from being found."""
    if isinstance(paths, str):
        if paths != WHOLE_BODY:
            yield Lack(
                "response",
                "expected text (the whole body is the answer) or a mapping such as "
                f"{{text: output}}, found {paths!r}",
            )
        return
    if "text" not in paths:
        yield Lack("response", "expected text: with the JMESPath of the answer, found none")
    for name, path in paths.items():
        if name in _FIELDS:
            message = _fault(path)
        else:
            known = list(_FIELDS)
            message = f"unknown key {name!r}{suggestion(name, known)} (known: {', '.join(known)})"
        if message:
            yield Lack(f"response.{name}", message)


def _fault(path: str) -> str:
    """Return what keeps an expression from being JMESPath, with the column."""
    import jmespath
    from jmespath.exceptions import JMESPathError, ParseError
    from jmespath.functions import Functions

    try:
        parsed = jmespath.compile(path).parsed
    except JMESPathError as error:
        column = (
            f", wrong at column {error.lex_position + 1}" if isinstance(error, ParseError) else ""
        )
        return f"expected JMESPath such as choices[0].text, found {path!r}{column}{_instead(path)}"
    known = list(Functions.FUNCTION_TABLE)
    for name in _functions(parsed):
        if name not in known:
            return f"JMESPath knows no function {name!r}{suggestion(name, known)}"
    return ""


def _instead(path: str) -> str:
    """Return how a JSON pointer or a JSONPath is written in JMESPath.

    >>> _instead("/choices/0/text"), _instead("$.choices[0].text")
    ("; did you mean 'choices[0].text'?", "; did you mean 'choices[0].text'?")
    """
    if not path.startswith(("/", "$")):
        return ""
    plain = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path.strip("$./").replace("/", "."))
    return f"; did you mean {plain!r}?" if plain else ""


def _functions(node: Any) -> Iterator[str]:
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        yield from _functions(child)
