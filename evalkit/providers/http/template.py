"""A request is filled in structurally: a text that is nothing but a variable becomes its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from evalkit.core.digest import canonical_json
from evalkit.core.errors import suggestion
from evalkit.core.model import Json, Message, Snapshot
from evalkit.core.ports import Lack, Request
from evalkit.core.records import asked_record, turn_records
from evalkit.core.secrets import NAMED
from evalkit.files.json_text import parse_json

VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NOT_OF_A_CASE = frozenset(["system", "model", "params", "index", "schema"])
_ALONE = ("prompt", "input", "messages", "system", "model", "params", "index", "schema")
_WITH_A_NAME = ("input", "params", "metadata")


class CaseFault(ValueError):  # noqa: N818 - it is the case that is wrong
    """A case lacks what the template names; the message says what."""


@dataclass(frozen=True, slots=True)
class Template:
    """The url and the body of a snapshot's requests; ``names`` are the variables in them."""

    snapshot: Snapshot
    url: str
    body: Json
    names: frozenset[str]
    schema: Json = None

    @classmethod
    def of(cls, snapshot: Snapshot, url: str, body: Json) -> Template:
        """Return the template of a snapshot."""
        names = frozenset(
            found[1]
            for _, text in (("url", url), *_texts(body, "body"))
            for found in VARIABLE.finditer(text)
        )
        schema = snapshot.response_schema
        return cls(snapshot, url, body, names, None if schema is None else parse_json(schema))

    def url_of(self, request: Request) -> str:
        """Return the address for a request, each variable percent-encoded.

        Raises:
            CaseFault: the case lacks a variable.
        """
        return VARIABLE.sub(
            lambda found: quote(as_text(self._value(found[1], request)), safe=""), self.url
        )

    def body_of(self, request: Request) -> Json:
        """Return the body for a request.

        Raises:
            CaseFault: the case lacks a variable.
        """
        return _filled_in(self.body, lambda name: self._value(name, request))

    def lacks(self) -> Iterator[Lack]:
        """Yield the variables that are not there, and what of the snapshot is never sent."""
        for key, text in (("url", self.url), *_texts(self.body, "body")):
            if "{{" in VARIABLE.sub("", text):
                yield Lack(key, "{{ opens no variable here; expected one such as {{ prompt }}")
            if NAMED.search(text):
                yield Lack(key, "${env:…} stands only in headers: the rest is kept with the run")
            for found in VARIABLE.finditer(text):
                if message := _variable_fault(found[1], self.snapshot):
                    yield Lack(key, message)
        yield from self._unsent()

    # ------------------------------------------------------------ parts

    @property
    def _heads(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.names)

    def _unsent(self) -> Iterator[Lack]:
        heads = self._heads
        if heads <= _NOT_OF_A_CASE:  # a misspelt variable is told by itself
            yield Lack(
                "url" if self.body is None else "body",
                "names nothing of the case: every case would ask the same; write {{ prompt }} "
                'where the endpoint expects the input, such as body: {input: "{{ prompt }}"}',
            )
        if self.snapshot.system_prompt is not None and not heads & {"system", "messages"}:
            yield Lack(
                "system_prompt", "nothing sends it; write {{ system }} or {{ messages }} into body"
            )
        for name in self.snapshot.params:
            if not self.names & {"params", f"params.{name}"}:
                variable = f"{{{{ params.{name} }}}}"
                yield Lack(f"params.{name}", f"nothing sends it; write {variable} into body")

    def _value(self, name: str, request: Request) -> Json:
        """Return what a variable stands for; ``lacks`` has made sure that it is a known one."""
        head, _, rest = name.partition(".")
        snapshot = self.snapshot
        match head:
            case "prompt" | "messages":
                return _prompt(request) if head == "prompt" else self._messages(request)
            case "input":
                return _input(request, rest)
            case "metadata":
                return _member("metadata", request.case.metadata, rest)
            case "params":
                return snapshot.params[rest] if rest else dict(snapshot.params)
        system = snapshot.system_prompt
        plain: dict[str, Json] = {
            "model": snapshot.model,
            "system": system.text if system else None,
            "index": request.index,
            "schema": self.schema,
        }
        return plain[head]

    def _messages(self, request: Request) -> Json:
        turns = request.messages
        system = self.snapshot.system_prompt
        if system is not None and "system" not in self.names:
            turns = (Message("system", system.text), *turns)
        return turn_records(turns)


def as_text(value: Json) -> str:
    """Return a text as it is, and any other value as JSON writes it."""
    return value if isinstance(value, str) else canonical_json(value)


# ---------------------------------------------------------------- filling in


def _filled_in(template: Json, value_of: Callable[[str], Json]) -> Json:
    """Return a template with every variable filled in; the keys of objects stay as they are."""
    match template:
        case str():
            whole = VARIABLE.fullmatch(template)
            if whole is not None:
                return value_of(whole[1])
            return VARIABLE.sub(lambda found: as_text(value_of(found[1])), template)
        case list():
            return [_filled_in(item, value_of) for item in template]
        case dict():
            return {key: _filled_in(item, value_of) for key, item in template.items()}
    return template


def _prompt(request: Request) -> str:
    if request.prompt is None:
        raise CaseFault(
            "holds variables, of which nothing makes a prompt; write {{ input.NAME }}, or give "
            "the snapshot a prompt"
        )
    return request.prompt


def _input(request: Request, name: str) -> Json:
    asked = request.case.input
    if not name:
        return asked_record(asked)
    if isinstance(asked, (str, tuple)):
        raise CaseFault(f"has no variables, expected {name!r} among them; write {{{{ input }}}}")
    return _member("input", asked, name)


def _member(what: str, values: Mapping[str, Json], name: str) -> Json:
    if name not in values:
        raise CaseFault(f"lacks {name!r} in its {what}{suggestion(name, list(values))}")
    return values[name]


# ---------------------------------------------------------------- looking


def _texts(template: Json, key: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of a template with their keys."""
    match template:
        case str():
            yield key, template
        case list():
            for item in template:
                yield from _texts(item, key)
        case dict():
            for name, item in template.items():
                yield from _texts(item, f"{key}.{name}")


def _variable_fault(name: str, snapshot: Snapshot) -> str:
    head, dot, rest = name.partition(".")
    if name not in _ALONE and not (head in _WITH_A_NAME and rest):
        known = [*_ALONE, *(f"{word}.NAME" for word in _WITH_A_NAME)]
        close = suggestion(head, _WITH_A_NAME if dot else _ALONE)
        return f"unknown variable {name!r}{close} (known: {', '.join(known)})"
    if head == "params" and rest and rest not in snapshot.params:
        close = suggestion(rest, list(snapshot.params))
        return f"{{{{ {name} }}}} is not among the params of the snapshot{close}"
    lacking = {
        "model": (snapshot.model is None, "model"),
        "system": (snapshot.system_prompt is None, "system_prompt"),
        "schema": (snapshot.response_schema is None, "response_schema"),
    }
    missing, key = lacking.get(head, (False, ""))
    return f"{{{{ {head} }}}} stands here, and the snapshot has no {key}" if missing else ""
