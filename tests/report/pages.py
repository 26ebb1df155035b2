"""A page as a browser reads it, as far as the tests of reports ask."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "hr", "img", "link"}


@dataclass(slots=True)
class Element:
    """One element with its attributes, what it holds, and the text inside it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self) -> Iterator[Element]:
        """Yield this element and everything below it, in order."""
        yield self
        for child in self.children:
            yield from child.all()

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements below with this tag and these attributes."""
        return [
            element
            for element in self.all()
            if element.tag == tag
            and all(element.attributes.get(name) == value for name, value in attributes.items())
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> names an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def finished(self) -> Element:
        """Return what was read; nothing may be left open."""
        assert self._open == [self.root], f"left open: {[element.tag for element in self._open]}"
        return self.root


def read(page: str) -> Element:
    """Return a page; fails where an element is closed that was not opened, or not at all."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.finished()


# ---------------------------------------------------------------- what a browser would do


def assert_harmless(page: str, *, scripts: int = 1) -> None:
    """Fail if anything in a page could load, run, or escape its policy, but so many own scripts."""
    page.encode()
    root = read(page)
    styles = root.find("style")
    assert len(styles) == 1
    own = root.find("script")
    assert len(own) == scripts
    runs = "".join(f" script-src {_digest(script)};" for script in own)
    policy = [
        meta.attributes["content"]
        for meta in root.find("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == [
        f"default-src 'none'; style-src {_digest(styles[0])};{runs} base-uri 'none'; form-action 'none'"
    ]
    assert "url(" not in styles[0].text
    assert "@import" not in styles[0].text
    forbidden = {"img", "iframe", "object", "embed", "link", "form", "base", "video"}
    for element in root.all():
        assert element.tag not in forbidden
        for name, value in element.attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in {"href", "src", "action", "srcset", "xlink:href"}:
                assert value.startswith("#")


def _digest(element: Element) -> str:
    return f"'sha256-{b64encode(sha256(element.text.encode()).digest()).decode()}'"


def assert_connected(root: Element) -> None:
    """Fail if an id is used twice, or a link or a label leads nowhere."""
    ids = [element.attributes["id"] for element in root.all() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in root.all():
        for name in ("href", "for", "aria-labelledby"):
            for named in element.attributes.get(name, "").split():
                assert named.removeprefix("#") in ids
