"""What a snapshot's prompt makes of a case: the messages that are sent beside the system prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TypeAlias

from evalkit.core.digest import canonical_json
from evalkit.core.errors import suggestion
from evalkit.core.model import Case, Json, Message, Snapshot

INPUT = "input"
"""The variable that stands for an input of text."""

Render: TypeAlias = "Callable[[Mapping[str, Json]], str]"


class PromptError(ValueError):
    """A prompt cannot be made of a case, or of any; the message says why."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Turns cases into messages; ``render`` is nothing where a case is asked as it is.

    ``optional`` says that variables may go without a prompt, to a provider that reads them itself.
    """

    render: Render | None = None
    optional: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot, *, optional: bool = False) -> Prompt:
        """Return the prompt of a snapshot.

        Raises:
            PromptError: its template cannot be read.
        """
        if snapshot.prompt is None:
            return cls(optional=optional)
        if snapshot.template == "none":
            raise PromptError(
                "template: none leaves no place for the input; leave prompt out, or choose format or jinja"
            )
        make = _formatted if snapshot.template == "format" else _jinja
        return cls(make(snapshot.prompt))

    def messages(self, case: Case) -> tuple[Message, ...]:
        """Return what is sent for a case.

        Raises:
            PromptError: the case lacks a variable, or is of another kind than the prompt.
        """
        match case.input:
            case str(text):
                return (
                    Message("user", text if self.render is None else self.render({INPUT: text})),
                )
            case tuple(turns):
                if self.render is not None:
                    raise PromptError("is a list of messages, into which no prompt fits")
                return turns
            case variables:
                if self.render is None and self.optional:
                    return ()
                if self.render is None:
                    raise PromptError("holds variables; give the snapshot a prompt that uses them")
                return (Message("user", self.render(variables)),)


# ---------------------------------------------------------------- templates


def _formatted(template: str) -> Render:
    """Return how ``{name}`` is filled in; doubled braces stand for themselves."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise PromptError(f"{error}; double the braces that are meant as such") from None
    pieces: list[tuple[str, str | None]] = []
    for literal, name, spec, conversion in parts:
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise PromptError(
                f"expected the name of a variable between braces, found {name!r}; "
                "double the braces that are meant as such"
            )
        pieces.append((literal, name))
    if not any(name for _, name in pieces):
        raise PromptError("names no variable such as {input}: every case would ask the same")

    def render(variables: Mapping[str, Json]) -> str:
        return "".join(
            literal if name is None else literal + _text(variables, name)
            for literal, name in pieces
        )

    return render


def _text(variables: Mapping[str, Json], name: str) -> str:
    if name not in variables:
        raise PromptError(f"lacks the variable {name!r}{suggestion(name, list(variables))}")
    value = variables[name]
    return value if isinstance(value, str) else canonical_json(value)


def _jinja(template: str) -> Render:
    """Return how a Jinja template is filled in, in a sandbox that knows no undefined variable."""
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        found = environment.from_string(template)
    except TemplateError as error:
        raise PromptError(f"cannot be read as a Jinja template: {error}") from None

    def render(variables: Mapping[str, Json]) -> str:
        try:
            return found.render(variables)
        except Exception as error:  # noqa: BLE001 - a template may divide by zero: its author must hear of it
            raise PromptError(f"cannot be put into the prompt: {error}") from None

    return render
