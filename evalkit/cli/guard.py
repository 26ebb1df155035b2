"""What is printed in GitHub Actions is read for commands: no text of others may be one.

The runner takes a line that starts with ``::``, and ``##[`` anywhere in a line, for a command: to
set an output, to hide a word, to add an annotation. The answers of a model and the names in a file
are text, so what would act is shown by its number, as everything else that acts is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

_COMMAND = re.compile(r"((?:^|(?<=[\r\n]))[^\S\r\n]*):(?=:)|##(?=\[)")
_BLANK = re.compile(r"[^\S\r\n]*")


def in_github(environment: Mapping[str, str]) -> bool:
    """Return whether what is printed is read for commands, as GitHub Actions and its kin do."""
    return environment.get("GITHUB_ACTIONS") == "true"


def harmless(text: str, *, opens: bool = True) -> str:
    r"""Return text in which nothing is a command; ``opens`` says that it starts a line.

    >>> print(harmless("::error::a\nb ##[set-output name=x]y :: c"))
    \x3a:error::a
    b #\x23[set-output name=x]y :: c
    """

    def shown(found: re.Match[str]) -> str:
        if found[1] is None:
            return r"#\x23"
        inside = found.start() == 0 and not opens
        return found.group() if inside else rf"{found[1]}\x3a"

    return _COMMAND.sub(shown, text)


@dataclass(slots=True)
class GuardedStream:
    """A stream of text on which no line is a command; in everything else it is the one inside."""

    inside: TextIO
    opens: bool = True

    def write(self, text: str) -> int:
        """Write text, and return how much of it was taken: all."""
        self.inside.write(harmless(text, opens=self.opens))
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        self.opens = (end > 0 or self.opens) and _BLANK.fullmatch(text, end) is not None
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts one by one."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)
