"""Ten thousand requests to a server that takes 50 ms, beside bare client loops in the same run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measuring import Cost, cost_of
from tests.fakes.fault_server import Dials, Running, fault_server
from tests.worlds import EVALKIT

REQUESTS = 10_000
CONCURRENCY = 64
LATENCY = 0.05
IDEAL = REQUESTS * LATENCY / CONCURRENCY

BARE = {
    "aiohttp": """
import aiohttp
async def main():
    limits = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limits) as session:
        async def one():
            async with session.post(URL, data=BODY, headers=HEADERS) as response:
                json.loads(await response.read())
        await workers(lambda: one)
""",
    "httpx, a client a worker": """
import httpx
async def main():
    def worker():
        client = httpx.AsyncClient(limits=httpx.Limits(max_connections=1), trust_env=False)
        async def one():
            json.loads((await client.post(URL, content=BODY, headers=HEADERS)).content)
        return one
    await workers(worker)
""",
}
LOOP = """
import asyncio, json, sys
URL, COUNT, WORKERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Question?"}]}).encode()
HEADERS = {"content-type": "application/json"}
async def workers(make):
    left = [COUNT]
    async def work(one):
        while left[0] > 0:
            left[0] -= 1
            await one()
    await asyncio.gather(*(work(make()) for _ in range(WORKERS)))
"""


def throughput_lines(folder: Path) -> Iterator[str]:
    """Yield what evalkit takes with each transport, and what bare loops take."""
    yield f"{REQUESTS:,} requests × {1e3 * LATENCY:g} ms / {CONCURRENCY} at a time = {IDEAL:.1f} s"
    with fault_server(Dials(latency=LATENCY, log=False)) as server:
        for name, code in BARE.items():
            loop = f"{LOOP}{code}asyncio.run(main())"
            arguments = [server.url + server.path, str(REQUESTS), str(CONCURRENCY)]
            yield _line(
                f"bare loop, {name}", cost_of([sys.executable, "-c", loop, *arguments], folder)
            )
        for transport in ("httpx", "aiohttp"):
            place = folder / transport
            place.mkdir()
            _write(place, server)
            command = [str(EVALKIT), "run", "envelope.yaml", "-o", "run"]
            spent = cost_of(command, place, EVALKIT_TRANSPORT=transport)
            yield _line(f"evalkit run, {transport}", spent)
            judged = cost_of([str(EVALKIT), "judge", "run", "--json"], place)
            yield f"    and scored and judged: {1e3 * judged.cpu / REQUESTS:.2f} ms of CPU a request"


def _line(name: str, spent: Cost) -> str:
    return (
        f"{name:<36} {spent.wall:5.1f} s, × {spent.wall / IDEAL:.2f}; "
        f"{1e3 * spent.cpu / REQUESTS:.2f} ms of CPU a request; {spent.peak:.0f} MB"
    )


def _write(place: Path, server: Running) -> None:
    with (place / "golden.jsonl").open("w") as lines:
        for number in range(REQUESTS):
            case = {"id": f"c{number}", "input": f"Question {number}?", "reference": "yes"}
            lines.write(json.dumps(case) + "\n")
    envelope = {
        "version": 1,
        "name": "throughput",
        "golden_set": "golden.jsonl",
        "candidate": {
            "provider": "openai", "model": "m", "base_url": f"{server.url}/v1",
            "concurrency": CONCURRENCY,
        },
        "bounds": [{"metric": "length.words", "min": 0.01, "max": 400, "range": [0, 1000]}],
    }  # fmt: skip
    (place / "envelope.yaml").write_text(json.dumps(envelope))
