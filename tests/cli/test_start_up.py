"""What a command does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds import evalkit

HEAVY = {
    "numpy", "scipy", "pandas", "httpx", "jinja2", "yaml", "rich", "jsonschema", "asyncio", "regex",
}  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a piece of Python loads."""
    probe = (
        f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_loads_nothing_heavy_beyond_the_command_line_library() -> None:
    assert not loaded_by("import evalkit.cli.app") & HEAVY


def test_the_gate_never_loads_what_only_some_commands_need() -> None:
    flow = "import evalkit.flows.gate, evalkit.spec.envelope, evalkit.report.verdict.html"
    others = {"scipy", "pandas", "httpx", "jsonschema", "asyncio", "pyarrow", "regex"}
    assert not loaded_by(flow) & others


def test_importing_evalkit_loads_none_of_its_rooms() -> None:
    done = loaded_by(
        "import evalkit; assert not any(m.startswith('evalkit.') for m in sys.modules)"
    )
    assert "evalkit" in done


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["gate", "--help"]])
def test_version_and_help_end_well(arguments: list[str], tmp_path: Path) -> None:
    done = evalkit(*arguments, folder=tmp_path)
    assert done.code == 0
    assert done.err == ""


@pytest.mark.parametrize("command", ["gate", "import", "list", "baseline"])
def test_only_the_options_of_the_command_that_is_asked_for_are_read(command: str) -> None:
    probe = (
        "from typer.main import get_command\nfrom evalkit.cli.app import app, narrow\n"
        f"narrow(['no such command', '{command}'])\nprint(*get_command(app).commands)\n"
        f"narrow(['{command}', '--help'])\nprint(*get_command(app).commands)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    whole, one = (line.split() for line in done.stdout.splitlines())
    assert {"init", "gate", "import", "list", "baseline", "contract"} <= set(whole)
    assert one == [command]


def test_the_help_of_gate_prints_every_exit_code(tmp_path: Path) -> None:
    text = " ".join(evalkit("gate", "--help", folder=tmp_path).out.split())
    for words in (
        "0 pass",
        "1 fail",
        "2 usage",
        "3 cannot tell",
        "4 could not measure",
        "70",
        "130",
    ):
        assert words in text


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    assert evalkit("gate", "--no-such-option", folder=tmp_path).code == 2
