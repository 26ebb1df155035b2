"""A runner of composite actions: expressions, environment and outputs as GitHub documents them.

Steps that use another action are noted, not run.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Job:
    """One job that uses an action: what its steps see, and what they left behind."""

    action: Mapping[str, Any]
    inputs: Mapping[str, str]
    github: Mapping[str, Any]
    workspace: Path
    temp: Path
    path: str
    environment: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    log: str = ""
    code: int = 0

    @classmethod
    def of(cls, action: Path, given: Mapping[str, str], **rest: Any) -> Job:
        """Return the job that uses an action with some of its inputs."""
        data = yaml.safe_load(action.read_text(encoding="utf-8"))
        unknown = given.keys() - data["inputs"].keys()
        assert not unknown, unknown
        defaults = {name: str(item.get("default", "")) for name, item in data["inputs"].items()}
        return cls(data, {**defaults, **given}, **rest)

    def run(self) -> Job:
        """Run the steps, until one fails."""
        for step in self.action["runs"]["steps"]:
            if self.code == 0 and self._truth(step.get("if", "true")):
                self._step(step)
        return self

    def output(self, name: str) -> str:
        """Return an output of the action."""
        return self._filled(self.action["outputs"][name]["value"])

    def _step(self, step: Mapping[str, Any]) -> None:
        if "uses" in step:
            self.used.append(step["uses"])
            return
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "values reach a script through its environment"
        file = self.temp / "output"
        file.write_text("")
        script = self.temp / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],  # noqa: S607
            cwd=self.workspace, capture_output=True, text=True, check=False, timeout=120,
            env={
                **os.environ, "NO_COLOR": "1", "GITHUB_ACTIONS": "true", "PATH": self.path,
                "GITHUB_OUTPUT": str(file), "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_STEP_SUMMARY": str(self.temp / "summary"), "RUNNER_TEMP": str(self.temp),
                "GITHUB_REPOSITORY": str(self.github["repository"]),
                "GITHUB_ACTION_PATH": "/the/action", **self.environment,
                **{key: self._filled(str(value)) for key, value in step.get("env", {}).items()},
            },
        )  # fmt: skip
        self.log += done.stdout + done.stderr
        self.code = done.returncode
        if "id" in step:
            self.outputs[step["id"]] = _outputs(file.read_text(encoding="utf-8"))

    # ------------------------------------------------------------ expressions

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _truth(self, condition: str) -> bool:
        return all(self._holds(part.strip()) for part in condition.split("&&"))

    def _holds(self, part: str) -> bool:
        for sign, same in ((" == ", True), (" != ", False)):
            if sign in part:
                left, right = part.split(sign)
                return (self._value(left) == self._value(right)) is same
        return self._value(part) not in {"", "false"}

    def _value(self, expression: str) -> str:
        for choice in map(str.strip, expression.split("||")):
            if found := self._one(choice):
                return found
        return ""

    def _one(self, name: str) -> str:
        if name.startswith("'") or name == "true":
            return name.strip("'")
        steps = {step: {"outputs": found} for step, found in self.outputs.items()}
        scope: Any = {
            "inputs": self.inputs, "github": self.github, "steps": steps,
            "runner": {"temp": str(self.temp)},
        }  # fmt: skip
        for part in name.split("."):
            scope = scope.get(part, {}) if isinstance(scope, Mapping) else {}
        return "" if scope == {} else self._filled(str(scope))


def _outputs(text: str) -> dict[str, str]:
    """Return what a step wrote to GITHUB_OUTPUT, in either of its two forms."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, mark, rest = re.split(r"(<<|=)", line, maxsplit=1)
        if mark == "=":
            found[name] = rest
        else:
            found[name] = "\n".join(takewhile(rest.__ne__, lines))
    return found
