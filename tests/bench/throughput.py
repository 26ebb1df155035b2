"""Ten thousand requests to a server that takes 50 ms, beside bare client loops in the same run.

And how long after its start evalkit sends the first of them, beside a Python that only imports the
libraries.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measuring import Cost, cost_of
from tests.fakes.fault_server import Dials, fault_server
from tests.worlds import EVALKIT

REQUESTS = 10_000
CONCURRENCY = 64
LATENCY = 0.05
IDEAL = REQUESTS * LATENCY / CONCURRENCY
ROUNDS = 5
RUN = [str(EVALKIT), "run", "envelope.yaml", "-o", "run"]

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
    "httpx": """
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
        for transport, code in BARE.items():
            loop = f"{LOOP}{code}asyncio.run(main())"
            arguments = [server.url + server.path, str(REQUESTS), str(CONCURRENCY)]
            bare = cost_of([sys.executable, "-c", loop, *arguments], folder)
            yield _line(f"bare loop, {transport}", bare)
            place = folder / transport
            place.mkdir()
            _write(place, server.url, REQUESTS)
            spent = cost_of(RUN, place, EVALKIT_TRANSPORT=transport)
            yield _line(f"evalkit run, {transport}", spent)
            judged = cost_of([str(EVALKIT), "judge", "run", "--json"], place)
            cpu = spent.cpu + judged.cpu
            yield (
                f"    scored and judged {1e3 * cpu / REQUESTS:.2f} ms in all; of the bare loop, "
                f"× {spent.wall / bare.wall:.2f} the time, × {cpu / bare.cpu:.2f} the CPU"
            )
    for transport in BARE:
        yield _first_request(transport, folder)


def _first_request(transport: str, folder: Path) -> str:
    """Return how long after its start the first request comes, in turn with bare imports."""
    imports = f"import asyncio, pydantic, sqlite3, typer, yaml, {transport}"
    first, bare = [], []
    for _ in range(ROUNDS):
        with socket.create_server(("127.0.0.1", 0)) as server:
            _write(folder, f"http://127.0.0.1:{server.getsockname()[1]}", 1)
            environment = {**os.environ, "EVALKIT_TRANSPORT": transport}
            began = time.perf_counter()
            with subprocess.Popen(
                RUN,
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:
                server.settimeout(30)
                with server.accept()[0] as connection:
                    connection.recv(1)
                    first.append(time.perf_counter() - began)
                process.kill()
        shutil.rmtree(folder / "run")
        bare.append(cost_of([sys.executable, "-c", imports], folder).wall)
    found, alone = statistics.median(first), statistics.median(bare)
    return (
        f"first request over {transport} after {found:.2f} s, × {found / alone:.2f} of importing "
        f"its libraries ({alone:.2f} s)"
    )


def _line(name: str, spent: Cost) -> str:
    return (
        f"{name:<36} {spent.wall:5.1f} s, × {spent.wall / IDEAL:.2f}; "
        f"{1e3 * spent.cpu / REQUESTS:.2f} ms of CPU a request; {spent.peak:.0f} MB"
    )


def _write(place: Path, url: str, requests: int) -> None:
    with (place / "golden.jsonl").open("w") as lines:
        for number in range(requests):
            case = {"id": f"c{number}", "input": f"Question {number}?", "reference": "yes"}
            lines.write(json.dumps(case) + "\n")
    envelope = {
        "version": 1,
        "name": "throughput",
        "golden_set": "golden.jsonl",
        "candidate": {
            "provider": "openai", "model": "m", "base_url": f"{url}/v1",
            "concurrency": CONCURRENCY,
        },
        "bounds": [{"metric": "length.words", "min": 0.01, "max": 400, "range": [0, 1000]}],
    }  # fmt: skip
    (place / "envelope.yaml").write_text(json.dumps(envelope))
