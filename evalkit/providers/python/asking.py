"""A function is asked with what its parameters name, and with nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evalkit.core.errors import SnapshotError, suggestion
from evalkit.core.model import Json, Message, Snapshot
from evalkit.core.ports import Request
from evalkit.core.records import asked_record, turn_records

KNOWN = (
    "prompt", "messages", "system", "input", "case_id", "index", "params", "model", "metadata",
)  # fmt: skip
"""What a function may ask for, by the names of its parameters."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A function and what it wants to know; ``leading`` are the parameters without a keyword."""

    function: Callable[..., object]
    leading: tuple[str, ...]
    named: tuple[str, ...]

    @classmethod
    def of(cls, function: Callable[..., object], snapshot: Snapshot, key: str) -> Asking:
        """Return how a function is called.

        Raises:
            SnapshotError: it wants what nobody knows, or would not see what the snapshot sets.
        """
        leading: list[str] = []
        named: list[str] = []
        for name, parameter in _parameters(function, key).items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                continue
            if parameter.kind is parameter.VAR_KEYWORD:
                named += [word for word in KNOWN if word not in {*leading, *named}]
            elif name in KNOWN:
                (leading if parameter.kind is parameter.POSITIONAL_ONLY else named).append(name)
            elif parameter.default is parameter.empty:
                close = suggestion(name, KNOWN)
                message = f"has a parameter {name!r}{close} (known: {', '.join(KNOWN)})"
                raise SnapshotError(key, message)
        taken = {*leading, *named}
        if not taken & {"prompt", "messages", "input", "case_id", "metadata"}:
            raise SnapshotError(
                key, "takes nothing of the case: every case would ask the same; take prompt"
            )
        if snapshot.system_prompt is not None and not taken & {"system", "messages"}:
            raise SnapshotError(
                key, "takes neither system nor messages: no system prompt reaches it"
            )
        if snapshot.params and "params" not in taken:
            raise SnapshotError(key, "takes no params: those of the snapshot do not reach it")
        return cls(function, tuple(leading), tuple(named))

    def known(self, request: Request, snapshot: Snapshot) -> dict[str, Json]:
        """Return what the function wants to know of a request, by name.

        Raises:
            SnapshotError: it wants a prompt, and the case has none.
        """
        return {name: self._value(name, request, snapshot) for name in (*self.leading, *self.named)}

    def call(self, known: dict[str, Json]) -> object:
        """Return what the function returns."""
        leading = [known[name] for name in self.leading]
        return self.function(*leading, **{name: known[name] for name in self.named})

    def _value(self, name: str, request: Request, snapshot: Snapshot) -> Json:
        case, system = request.case, snapshot.system_prompt
        match name:
            case "prompt":
                return _prompt(request)
            case "messages":
                own = system is not None and "system" not in {*self.leading, *self.named}
                opening = (Message("system", system.text),) if system is not None and own else ()
                return turn_records((*opening, *request.messages))
            case "input":
                return asked_record(case.input)
        plain: dict[str, Json] = {
            "system": system.text if system is not None else None,
            "case_id": case.id,
            "index": request.index,
            "params": dict(snapshot.params),
            "model": snapshot.model,
            "metadata": dict(case.metadata),
        }
        return plain[name]


def _parameters(function: Callable[..., object], key: str) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        message = "has parameters that cannot be read; put a def of your own around it"
        raise SnapshotError(key, message) from None


def _prompt(request: Request) -> str:
    if request.prompt is None:
        raise SnapshotError(
            f"{request.arm.value}.function",
            f"case {request.case.id!r} holds variables, of which nothing makes a prompt; take "
            "input, or give the snapshot a prompt",
        )
    return request.prompt
