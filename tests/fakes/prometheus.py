"""A server that speaks as much of Prometheus' HTTP API as a canary asks, about traffic it invents.

Run it as a script with a JSON file of what to say, and it prints its port; ``prometheus`` does so
from a test. The file is read at every question, so that a test may change it: ``per_second`` requests a
second in all, ``share`` of them the candidate's; ``errors`` and ``slow`` are shares of either arm's
requests; ``fault`` is one of ``FAULTS``, met by queries that hold ``where``; from ``until`` on (seconds
since 1970) there is no sample any more; ``resets`` are moments at which every counter begins anew.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FAULTS = {
    "nan": "NaN", "inf": "+Inf", "empty": [], "several": ["1", "2"], "words": "many",
    "503": 503, "422": 422, "400": 400, "html": 200, "warning": "5", "late": "5", "clock": "5",
}  # fmt: skip
SCRAPED_EVERY = 15.0

_QUERY = re.compile(r'increase\((\w+)\{arm="(\w+)"(?:,status="(\w+)")?\}\[(\d+)s\]\)')


def value(world: dict[str, Any], query: str, at: float) -> str | None:
    """Return what a query comes to at a moment; nothing where there are no samples."""
    found = _QUERY.search(query)
    if found is None:
        return None
    metric, arm, status, window = found.groups()
    begin, end = at - float(window), min(at, world.get("until", at))
    if end - begin < 2 * SCRAPED_EVERY:
        return "0" if "or vector(0)" in query else None
    share = world["share"] if arm == "candidate" else 1 - world["share"]
    rate = world["per_second"] * share
    if status == "error":
        rate *= world.get("errors", {}).get(arm, 0.01)
    if metric == "slow_total":
        rate *= world.get("slow", {}).get(arm, 0.02)
    # As increase() does: a counter that begins anew loses what came since the last scrape.
    lost = sum(SCRAPED_EVERY / 2 for reset in world.get("resets", ()) if begin < reset <= end)
    return str(rate * (end - begin - lost))


class Handler(BaseHTTPRequestHandler):
    """One question."""

    world: Path
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a query, whose form is the body."""
        world = json.loads(self.world.read_text())
        length = int(self.headers["content-length"])
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        fault = world.get("fault") if world.get("where", "") in form["query"] else None
        token = world.get("token")
        if token and self.headers.get("authorization") != f"Bearer {token}":
            return self._say(401, {"status": "error", "errorType": "auth", "error": "who are you?"})
        if fault in {"503", "422", "400"}:
            kind = {"503": "timeout", "422": "execution", "400": "bad_data"}[fault]
            return self._say(int(fault), {"status": "error", "errorType": kind, "error": "no"})
        if fault == "html":
            return self._say(200, "<html>a proxy</html>")
        body: dict[str, Any] = {"status": "success", "data": self._data(world, form, fault)}
        if fault == "warning":
            body["warnings"] = ["partial response: a store is not there"]
        return self._say(200, body, skew=3600 if fault == "clock" else 0)

    def _data(
        self, world: dict[str, Any], form: dict[str, str], fault: str | None
    ) -> dict[str, Any]:
        ranged = urlsplit(self.path).path.endswith("/query_range")
        first = float(form["start" if ranged else "time"])
        step = float(form.get("step", 1))
        count = round((float(form["end"]) - first) / step) + 1 if ranged else 1
        moments = [first + step * number for number in range(count)]
        points = [
            [at + (300 if fault == "late" else 0), self._text(world, form["query"], at, fault)]
            for at in moments
        ]
        points = [point for point in points if point[1] is not None and fault != "empty"]
        series: list[dict[str, Any]] = [{"metric": {}, "values": points}] if points else []
        if fault == "several":
            series *= 2
        if ranged:
            return {"resultType": "matrix", "result": series}
        return {
            "resultType": "vector",
            "result": [{"metric": {}, "value": item["values"][0]} for item in series],
        }

    @staticmethod
    def _text(world: dict[str, Any], query: str, at: float, fault: str | None) -> str | None:
        strange = FAULTS.get(fault or "")
        return strange if fault in {"nan", "inf", "words"} else value(world, query, at)  # type: ignore[return-value]

    def _say(self, status: int, body: object, *, skew: float = 0) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response_only(status)
        if "begin" not in json.loads(self.world.read_text()):  # else its time is not ours
            self.send_header("date", self.date_time_string(int(time.time() + skew)))
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """A server on which as many queries may wait to be taken as a look asks at once."""

    request_queue_size = 1024


@contextlib.contextmanager
def prometheus(world: Path) -> Iterator[str]:
    """Run the server as a process for as long as the block lasts; yields its address."""
    with subprocess.Popen(
        [sys.executable, __file__, str(world)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    """Serve until somebody ends it."""
    Handler.world = Path(sys.argv[1])
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
