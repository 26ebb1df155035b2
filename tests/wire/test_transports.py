"""Both libraries carry requests alike: what comes back, what is refused, and what ends in time."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
import ssl
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import UsageError
from evalkit.core.model import ErrorKind
from evalkit.wire.exchange import HttpRequest, HttpResponse, WireError
from evalkit.wire.messages import TooLongError
from evalkit.wire.transports import CHOICE, open_transport
from tests.conftest import REPOSITORY
from tests.fakes.fault_server import Dials, Running, fault_server
from tests.wire.worlds import run, until

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


def chat(url: str) -> HttpRequest:
    headers = {"content-type": "application/json"}
    return HttpRequest("POST", f"{url}/v1/chat/completions", headers, json.dumps(CHAT).encode())


def get(url: str, **headers: str) -> HttpRequest:
    return HttpRequest("GET", url, headers)


async def fetched(
    library: str,
    *requests: HttpRequest,
    seconds: float = 10.0,
    environment: Mapping[str, str] | None = None,
) -> list[HttpResponse]:
    """Return the responses to requests that are sent one after the other."""
    transport = open_transport({CHOICE: library, **(environment or {})})
    try:
        return [await transport.send(request, timeout=seconds) for request in requests]
    finally:
        await transport.close()


def response(library: str, request: HttpRequest, **environment: str) -> HttpResponse:
    return run(fetched(library, request, environment=environment))[0]


def error(library: str, request: HttpRequest, *, seconds: float = 10.0) -> WireError:
    with pytest.raises(WireError) as caught:
        run(fetched(library, request, seconds=seconds))
    return caught.value


# ---------------------------------------------------------------- what comes back


def test_a_response_comes_back_whole_and_timed(library: str, server: Running) -> None:
    found = response(library, chat(server.url))
    said: Any = found.json()
    assert found.status == 200
    assert said["choices"][0]["message"]["content"] == "echo: Hello"
    assert found.headers["content-type"] == "application/json"
    assert found.first_byte_ms is not None
    assert 0 < found.first_byte_ms <= found.total_ms


def test_headers_go_out_as_they_are_given(library: str, server: Running) -> None:
    head: Any = response(library, get(f"{server.url}/head", **{"x-mine": "yes"})).json()
    lines = [line.lower() for line in head[1:]]
    assert "x-mine: yes" in lines
    assert "accept-encoding: gzip, deflate" in lines
    assert "user-agent: evalkit" in lines
    assert sum(line.startswith("host:") for line in lines) == 1


def test_a_header_that_stands_twice_holds_both_values(library: str, server: Running) -> None:
    assert response(library, get(f"{server.url}/twice")).headers["x-two"] == "a, b"


def test_a_redirect_is_an_answer(library: str, server: Running) -> None:
    found = response(library, get(f"{server.url}/redirect"))
    assert (found.status, found.headers["location"]) == (302, "/head")


@pytest.mark.parametrize("path", ["/gzip", "/deflate", "/deflate-bare"])
def test_a_packed_body_is_unpacked(library: str, server: Running, path: str) -> None:
    assert response(library, get(server.url + path)).body == b'{"packed": true}'


def test_an_empty_body_is_empty(library: str, server: Running) -> None:
    assert response(library, get(f"{server.url}/empty")).body == b""


def test_one_connection_serves_one_request_after_the_other(library: str) -> None:
    with fault_server() as server:
        run(fetched(library, *[chat(server.url)] * 5))
        assert len({line["connection"] for line in server.log()}) == 1


def test_many_requests_at_a_time_get_a_connection_each(library: str) -> None:
    async def ask_many(url: str) -> None:
        transport = open_transport({CHOICE: library})
        try:
            for _ in range(2):
                await asyncio.gather(*(transport.send(chat(url), timeout=10) for _ in range(40)))
        finally:
            await transport.close()

    with fault_server(Dials(latency=0.1)) as server:
        run(ask_many(server.url))
        assert len({line["connection"] for line in server.log()}) == 40


def test_many_addresses_of_one_server_share_its_connection(library: str) -> None:
    with fault_server() as server:
        run(fetched(library, *(get(f"{server.url}/empty?{number}") for number in range(300))))
        assert {line["connection"] for line in server.log()} == {1}


# ---------------------------------------------------------------- what fails


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/reset", ErrorKind.CONNECTION),
        ("/close", ErrorKind.CONNECTION),
        ("/cut", ErrorKind.CONNECTION),
        ("/garbage", ErrorKind.MALFORMED),
        ("/gzip-cut", ErrorKind.MALFORMED),
        ("/gzip-broken", ErrorKind.MALFORMED),
        ("/gzip-crumbs", ErrorKind.MALFORMED),
        ("/brotli", ErrorKind.MALFORMED),
        ("/header-flood", ErrorKind.MALFORMED),
        ("/header-line", ErrorKind.MALFORMED),
    ],
)
def test_a_broken_answer_is_an_error_of_its_kind(
    library: str, server: Running, path: str, kind: ErrorKind
) -> None:
    found = error(library, HttpRequest("POST", server.url + path, {}, b"{}"))
    assert found.kind is kind, str(found)
    assert str(found)


@pytest.mark.parametrize("path", ["/endless", "/claims-much", "/bomb"])
def test_a_body_over_the_limit_is_refused(library: str, server: Running, path: str) -> None:
    found = error(library, get(server.url + path), seconds=60)
    assert isinstance(found, TooLongError)
    assert found.kind is ErrorKind.MALFORMED
    assert "at most 67,108,864 bytes" in str(found)


def test_a_bomb_takes_no_more_memory_than_the_limit(library: str, server: Running) -> None:
    tracemalloc.start()
    try:
        error(library, get(f"{server.url}/bomb"), seconds=60)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * 2**26
    finally:
        tracemalloc.stop()


def test_nobody_there_is_a_connection_error(library: str) -> None:
    with fault_server() as gone:
        pass
    assert error(library, chat(gone.url)).kind is ErrorKind.CONNECTION


def test_a_server_that_says_nothing_is_given_up(library: str, server: Running) -> None:
    found = error(library, get(f"{server.url}/hang"), seconds=0.2)
    assert found.kind is ErrorKind.TIMEOUT
    assert "0.2 s" in str(found)


def test_a_drip_that_outlasts_the_timeout_is_cut_off(library: str) -> None:
    with fault_server(Dials(drips=1.0, drip_seconds=60.0)) as server:
        assert error(library, chat(server.url), seconds=0.5).kind is ErrorKind.TIMEOUT


def test_a_drip_within_the_timeout_arrives(library: str) -> None:
    with fault_server(Dials(drips=1.0, drip_seconds=0.1)) as server:
        found = response(library, chat(server.url))
        assert found.first_byte_ms is not None
        assert found.total_ms > found.first_byte_ms


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://127.0.0.1/", {}),
        ("no address", {}),
        ("http:///path", {}),
        ("", {"x-key": "two\r\nlines"}),
    ],
)
def test_a_request_that_cannot_be_sent_is_no_fault_of_the_server(
    library: str, server: Running, url: str, headers: dict[str, str]
) -> None:
    asked = HttpRequest("GET", url or f"{server.url}/head", headers)
    assert error(library, asked).kind is ErrorKind.OTHER


def test_after_a_failure_the_next_request_is_answered(library: str, server: Running) -> None:
    async def work() -> list[int]:
        transport = open_transport({CHOICE: library})
        statuses = []
        try:
            for path in ("/reset", "/cut", "/garbage", "/gzip-broken", "/claims-much"):
                with pytest.raises(WireError):
                    await transport.send(get(server.url + path), timeout=10)
                statuses.append((await transport.send(chat(server.url), timeout=10)).status)
        finally:
            await transport.close()
        return statuses

    assert run(work()) == [200] * 5


def test_a_connection_that_the_server_closed_meanwhile_fails_once_at_most(library: str) -> None:
    async def work(url: str) -> list[int | ErrorKind]:
        transport = open_transport({CHOICE: library})
        found: list[int | ErrorKind] = []
        try:
            for path in ("/goodbye", "/empty", "/empty"):
                try:
                    asked = HttpRequest("POST", url + path, {})
                    found.append((await transport.send(asked, timeout=10)).status)
                except WireError as failure:
                    found.append(failure.kind)
        finally:
            await transport.close()
        return found

    with fault_server() as server:
        first, second, third = run(work(server.url))
    assert (first, third) == (200, 200)
    assert second in {200, ErrorKind.CONNECTION}  # whether its end was seen in time, or too late


def test_the_connection_of_a_cancelled_request_is_not_used_again(library: str) -> None:
    async def work(url: str) -> None:
        transport = open_transport({CHOICE: library})
        try:
            await transport.send(chat(url), timeout=10)
            asking = asyncio.create_task(transport.send(get(f"{url}/hang"), timeout=30))
            await until(lambda: len(server.log()) == 2)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert (await transport.send(chat(url), timeout=10)).status == 200
        finally:
            await transport.close()

    with fault_server() as server:
        run(work(server.url))
        first, hung, last = (line["connection"] for line in server.log())
        assert first == hung
        assert last != hung


# ---------------------------------------------------------------- every exception has a meaning


def _made(kind: type[Exception]) -> Exception:
    """Return an exception of a class, whatever its constructor asks for."""

    def bare(self: Exception) -> None:
        """Leave out what the class wants to know."""

    made: Exception = type(kind.__name__, (kind,), {"__init__": bare, "__str__": lambda _: "how"})()
    return made


def _exceptions(module: Any) -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
    ]


def test_every_exception_of_httpx_has_a_meaning() -> None:
    import httpx

    from evalkit.wire.httpx_transport import FOREIGN, wire_error

    kinds = _exceptions(httpx)
    assert len(kinds) > 20
    for kind in kinds:
        assert issubclass(kind, FOREIGN), kind
        found = wire_error(_made(kind))
        expected = {
            httpx.TimeoutException: ErrorKind.TIMEOUT,
            httpx.NetworkError: ErrorKind.CONNECTION,
            httpx.ProxyError: ErrorKind.CONNECTION,
        }
        for family, meaning in expected.items():
            assert not issubclass(kind, family) or found.kind is meaning
        assert kind.__name__ in str(found)


def test_every_exception_of_aiohttp_has_a_meaning() -> None:
    aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed (the extra fast)")
    from evalkit.wire.aiohttp_transport import FOREIGN, wire_error

    kinds = [kind for kind in _exceptions(aiohttp) if issubclass(kind, aiohttp.ClientError)]
    assert len(kinds) > 20
    for kind in kinds:
        assert issubclass(kind, FOREIGN), kind
        found = wire_error(_made(kind))
        assert kind.__name__ in str(found)
        assert not issubclass(kind, TimeoutError) or found.kind is ErrorKind.TIMEOUT


# ---------------------------------------------------------------- surroundings


def test_a_proxy_of_the_environment_is_asked(library: str, server: Running) -> None:
    found = response(library, chat("http://nowhere.invalid"), http_proxy=server.url)
    assert found.status == 200


def test_no_proxy_of_the_environment_is_asked_where_it_says_so(
    library: str, server: Running
) -> None:
    environment = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    assert response(library, chat(server.url), **environment).status == 200


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine with its key, made for one test."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate of this test, is not installed")
    file = tmp_path / "both.pem"
    command = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {file}.key"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(file)]
    subprocess.run([openssl, *command.split(), *names], check=True, capture_output=True)
    return file


def _secured(certificate: Path, work: Callable[[str], Any]) -> None:
    """Run some work against a server that speaks TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def both() -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, f"{certificate}.key")
        listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        async with listener:
            await work(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/")

    run(both())


def test_a_certificate_that_the_environment_names_is_trusted(
    library: str, certificate: Path
) -> None:
    named = {"SSL_CERT_FILE": str(certificate)}

    async def work(url: str) -> None:
        found = await fetched(library, get(url), get(url), environment=named)
        assert [one.status for one in found] == [200, 200]

    _secured(certificate, work)


def test_a_certificate_that_nobody_vouches_for_is_refused(library: str, certificate: Path) -> None:
    async def work(url: str) -> None:
        with pytest.raises(WireError, match=r"(?i)certificate") as caught:
            await fetched(library, get(url))
        assert caught.value.kind is ErrorKind.CONNECTION

    _secured(certificate, work)


def test_certificates_that_are_not_there_are_named(library: str, tmp_path: Path) -> None:
    missing = {"SSL_CERT_FILE": str(tmp_path / "none.pem")}
    with pytest.raises(UsageError, match=r"SSL_CERT_FILE=.*none\.pem"):
        run(fetched(library, get("https://127.0.0.1:9/"), environment=missing))


def test_a_transport_that_was_never_used_closes_too(library: str) -> None:
    run(open_transport({CHOICE: library}).close())


def test_the_library_is_chosen_by_the_environment(library: str) -> None:
    assert open_transport({CHOICE: library}).name == library


def test_the_faster_library_is_chosen_where_it_is_installed() -> None:
    pytest.importorskip("aiohttp", reason="aiohttp is not installed (the extra fast)")
    assert open_transport({}).name == "aiohttp"


def test_a_library_that_nobody_knows_is_named() -> None:
    with pytest.raises(UsageError, match="expected EVALKIT_TRANSPORT to be httpx or aiohttp"):
        open_transport({CHOICE: "curl"})


def test_a_library_that_is_not_installed_is_named_with_its_extra() -> None:
    code = (
        "from evalkit.wire.transports import open_transport\n"
        "open_transport({'EVALKIT_TRANSPORT': 'aiohttp'})"
    )
    bare = [sys.executable, "-S", "-c", code]  # without anything that was installed
    done = subprocess.run(
        bare, cwd=REPOSITORY, check=False, capture_output=True, text=True, timeout=60
    )
    assert "pip install 'evalkit-gate[fast]'" in done.stderr


def test_no_library_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, evalkit.wire.http_provider\n"
        "print([name for name in ('httpx', 'aiohttp', 'anyio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
