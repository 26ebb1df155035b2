"""A compiled template is kept as Python keeps modules: what it was made of decides whether it counts."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from evalkit.report.compiled import CompiledTemplates

CHECKSUM = 64
"""How long the checksum is that a kept template begins with."""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where Python keeps what it compiled, with a template and the settings it is read with."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "page.html").write_text("{{ name }} is good")
    (tmp_path / "settings.py").touch()
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "kept"


def rendered(folder: Path) -> str:
    """Return the page as a command shows it that has just started."""
    return Environment(
        loader=FileSystemLoader(folder / "pages"),
        autoescape=True,
        bytecode_cache=CompiledTemplates(str(folder / "settings.py")),
    ).get_template("page.html").render(name="<it>")  # fmt: skip


def the_one_in(kept: Path) -> Path:
    [found] = (path for path in kept.rglob("*") if path.is_file())
    return found


def swap(place: Path) -> None:
    """Let what was kept say something else under the checksum it has: only who takes it says so."""
    source = Environment(autoescape=True).compile("swapped", "page.html", "page.html")
    place.write_bytes(place.read_bytes()[:CHECKSUM] + marshal.dumps(source))


def test_a_template_is_taken_as_it_was_kept(kept: Path) -> None:
    assert rendered(kept.parent) == "&lt;it&gt; is good"
    swap(the_one_in(kept))
    assert rendered(kept.parent) == "swapped"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "pages" / "page.html").write_text("{{ name }} is good "),
        lambda folder: (folder / "settings.py").write_text("more"),
        lambda folder: the_one_in(folder / "kept").write_bytes(b""),
        lambda folder: the_one_in(folder / "kept").write_bytes(b"x" * 200),
    ],
    ids=["its text", "its settings", "nothing is left", "something else lies there"],
)
def test_what_was_made_of_something_else_is_compiled_anew(
    kept: Path, change: Callable[[Path], object]
) -> None:
    rendered(kept.parent)
    swap(the_one_in(kept))
    change(kept.parent)
    assert rendered(kept.parent).rstrip() == "&lt;it&gt; is good"
    swap(the_one_in(kept))
    assert rendered(kept.parent) == "swapped", "it was kept anew"


@pytest.mark.parametrize("left", [b"", b"\xe3", b"garbage"])
def test_code_that_is_cut_off_is_compiled_anew(kept: Path, left: bytes) -> None:
    rendered(kept.parent)
    place = the_one_in(kept)
    place.write_bytes(place.read_bytes()[:CHECKSUM] + left)
    assert rendered(kept.parent) == "&lt;it&gt; is good"


def test_nothing_is_kept_where_python_keeps_nothing(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(kept.parent) == "&lt;it&gt; is good"
    assert not kept.exists()


def test_where_nothing_can_be_written_there_is_a_page_all_the_same(kept: Path) -> None:
    kept.write_text("a file, where a folder should be")
    assert rendered(kept.parent) == "&lt;it&gt; is good"
    assert kept.read_text() == "a file, where a folder should be"
