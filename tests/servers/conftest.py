"""Each server is started once for all tests of one process, and only if a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fault_server import Dials, Running, fault_server
from tests.servers.install import LITELLM, LLAMA_CPP, TRANSFORMERS, Server
from tests.servers.proxied import MODELS, through_to
from tests.servers.running import Served, litellm_proxy, llama_cpp, transformers_serve

KEY = "sk-proxy-0123456789abcdef"
LIMITED = Dials(seed=3, limited=0.3, retry_after=0.7)


def _need(server: Server) -> None:
    if not server.mark.is_file():
        pytest.skip(f"{server.name} is not in .venv-servers: make servers installs it")


@pytest.fixture(scope="session")
def vendor() -> Iterator[Running]:
    """A vendor behind the proxy that tells to wait, three times out of ten."""
    _need(LITELLM)
    with fault_server(LIMITED) as running:
        yield running


@pytest.fixture(scope="session")
def proxy(vendor: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("litellm")
    models = [*MODELS, *through_to(f"{vendor.url}/v1")]
    with litellm_proxy(folder, models, key=KEY, fallbacks=[{"falls": ["new"]}]) as running:
        yield running


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    _need(LLAMA_CPP)
    with llama_cpp(tmp_path_factory.mktemp("llama")) as running:
        yield running


@pytest.fixture(scope="session")
def transformers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    _need(TRANSFORMERS)
    with transformers_serve(tmp_path_factory.mktemp("transformers")) as running:
        yield running


@pytest.fixture
def pinned(tmp_path: Path) -> Iterator[Served]:
    _need(TRANSFORMERS)
    folder = tmp_path / "server"
    folder.mkdir()
    with transformers_serve(folder, pinned=True) as running:
        yield running
