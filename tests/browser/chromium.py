"""A real browser, driven over the two pipes that Chromium's own DevTools protocol can be spoken on.

No driver and no library stands between: a message is JSON that ends with a null byte. What the page
asked of a network, said to a console, or was forbidden by its policy is kept from the first moment.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0
"""So many seconds may pass before an answer that never comes is a failure."""

_SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--force-color-profile=srgb",
)
_WATCH = """
window.forbidden = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.forbidden.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


def found_browser() -> str | None:
    """Return where a browser lies: what EVALKIT_BROWSER names, or Chromium by one of its names."""
    named = os.environ.get("EVALKIT_BROWSER")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass(slots=True)
class Browser:
    """A running browser: requests go down one pipe, answers and events come up the other."""

    down: int
    up: int
    _count: int = 0
    _unread: bytes = b""
    _events: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def page(self, **settings: Any) -> Iterator[Page]:
        """Open an empty page that is watched, and close it; for the settings see ``Page.set_up``."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.set_up(**settings)
        try:
            yield page
        finally:
            self.ask("Target.closeTarget", targetId=target)
            self._events = [event for event in self._events if event.get("sessionId") != session]

    def runs(self) -> bool:
        """Return whether the browser came up: one that is not allowed its sandbox does not."""
        try:
            return bool(self.ask("Browser.getVersion"))
        except (AssertionError, BrokenPipeError):
            return False

    def ask(self, method: str, session: str = "", **values: Any) -> dict[str, Any]:
        """Send a request and return its answer; events that come before it are kept."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": values}
        if session:
            message["sessionId"] = session
        unsent = json.dumps(message).encode() + b"\0"
        while unsent:
            unsent = unsent[os.write(self.down, unsent) :]
        answer = self._wait(lambda found: found.get("id") == self._count)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str, session: str, **values: Any) -> None:
        """Wait for an event with these values, if it has not come already."""

        def wanted(found: Mapping[str, Any]) -> bool:
            return (
                found.get("method") == method
                and found.get("sessionId") == session
                and values.items() <= found["params"].items()
            )

        if not any(map(wanted, self._events)):
            self._wait(wanted)

    def events(self, method: str, session: str) -> list[dict[str, Any]]:
        """Return the events of a kind that came so far."""
        return [
            event["params"]
            for event in self._events
            if event.get("method") == method and event.get("sessionId") == session
        ]

    def _wait(self, wanted: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self._unread:
                line, _, self._unread = self._unread.partition(b"\0")
                found: dict[str, Any] = json.loads(line)
                if wanted(found):
                    return found
                if "method" in found:
                    self._events.append(found)
            ready, _, _ = select.select([self.up], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            part = os.read(self.up, 1 << 20)
            assert part, "the browser is gone"
            self._unread += part


@dataclass(frozen=True, slots=True)
class Page:
    """One page, and what it did that was not asked of it."""

    browser: Browser
    session: str

    def set_up(
        self,
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        script: bool = True,
        media: str = "",
    ) -> None:
        """Choose a size, a colour scheme, a medium, and whether scripts run; start to watch."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)
        self.resize(width, height)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.ask("Emulation.setEmulatedMedia", media=media, features=features)

    def ask(self, method: str, **values: Any) -> dict[str, Any]:
        """Send a request about this page and return its answer."""
        return self.browser.ask(method, self.session, **values)

    def resize(self, width: int, height: int) -> None:
        """Make the page so large, in pixels."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def open(self, address: str) -> None:
        """Go to an address and wait until everything there is loaded."""
        answer = self.ask("Page.navigate", url=address)
        assert "errorText" not in answer, answer
        if "loaderId" in answer:  # only the fragment changed where there is none
            self.browser.wait_for(
                "Page.lifecycleEvent", self.session, name="load", loaderId=answer["loaderId"]
            )

    def run(self, code: str) -> Any:
        """Return what an expression is on the page; a promise is waited for."""
        answer = self.ask(
            "Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after another: a letter, or a key by its name."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def click(self, choice: str) -> None:
        """Click into the middle of what a selector finds first, as a mouse does."""
        x, y = self.run(
            f"""(() => {{ const found = document.querySelector({json.dumps(choice)});
            found.scrollIntoView({{block: "center"}}); const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path) -> None:
        """Write what is seen to a PNG file."""
        from base64 import b64decode

        path.write_bytes(b64decode(self.ask("Page.captureScreenshot")["data"]))

    def misdeeds(self) -> list[str]:
        """Return what the page asked of a network, said to a console, or was forbidden."""
        self.run("1")  # what happened before has been told by now
        asked = [
            event["request"]["url"]
            for event in self._events("Network.requestWillBeSent")
            if event["type"] != "Document"
        ]
        said = [str(event) for event in self._events("Runtime.consoleAPICalled")]
        failed = [str(event) for event in self._events("Runtime.exceptionThrown")]
        logged = [event["entry"]["text"] for event in self._events("Log.entryAdded")]
        forbidden = self.run("window.forbidden") or []
        return [*asked, *said, *failed, *logged, *forbidden]

    def _events(self, method: str) -> list[dict[str, Any]]:
        return self.browser.events(method, self.session)


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it with all its processes."""
    command = [program, *_switches(), f"--user-data-dir={profile}", "about:blank"]
    (child_in, down), (up, child_out) = os.pipe(), os.pipe()
    # The browser reads from 3 and writes to 4: ours are moved out of the way first.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (child_in, child_out)]
    os.close(child_in)
    os.close(child_out)
    nowhere = os.open(os.devnull, os.O_RDWR)
    child = os.posix_spawn(
        command[0], command, os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, ends[0], 3),
            (os.POSIX_SPAWN_DUP2, ends[1], 4),
            *((os.POSIX_SPAWN_DUP2, nowhere, stream) for stream in (0, 1, 2)),
        ],
        setpgroup=0,
    )  # fmt: skip
    for end in (*ends, nowhere):
        os.close(end)
    try:
        yield Browser(down, up)
    finally:
        os.close(down)
        os.close(up)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _switches() -> Sequence[str]:
    # A browser does not put root into its sandbox; in a container there is often nobody else.
    return (*_SWITCHES, "--no-sandbox") if os.geteuid() == 0 else _SWITCHES
