"""Secrets are named in files, filled in from the environment, and never seen again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from evalkit.core.errors import UsageError

NAMED = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
REDACTED = "[redacted]"
SHORTEST = 6
"""A shorter value is no secret, and blotting it out would tear holes into what people wrote."""


class MissingSecretError(UsageError):
    """An environment variable that a snapshot names is not set."""


class Secrets:
    """The values that were taken from the environment, and the one place that knows them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._values: set[str] = set()

    def filled(self, text: str) -> str:
        """Return a text with every ``${env:NAME}`` replaced by its value.

        Raises:
            MissingSecretError: a variable is not set, or empty.
        """
        return NAMED.sub(lambda found: self.value(found[1]), text)

    def value(self, name: str) -> str:
        """Return the value of a variable, and remember it as a secret.

        Raises:
            MissingSecretError: the variable is not set, or empty.
        """
        value = self._environment.get(name, "").strip()
        if not value:
            raise MissingSecretError(f"the environment variable {name} is not set; export {name}=…")
        self.remember(value)
        return value

    def remember(self, value: str) -> None:
        """Take a value for a secret that came from elsewhere than the environment."""
        if len(value) >= SHORTEST:
            self._values.add(value)

    def redacted(self, text: str) -> str:
        """Return a text in which no secret stands any more."""
        for value in self._values:
            if value in text:
                text = text.replace(value, REDACTED)
        return text

    def redacted_bytes(self, content: bytes) -> bytes:
        """Return bytes in which no secret stands any more."""
        for value in self._values:
            raw = value.encode()
            if raw in content:
                content = content.replace(raw, REDACTED.encode())
        return content


def names_in(text: str) -> Iterator[str]:
    """Yield the names of the environment variables that a text asks for.

    >>> list(names_in("Bearer ${env:MY_KEY}"))
    ['MY_KEY']
    """
    for found in NAMED.finditer(text):
        yield found[1]
