"""What every provider promises, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.core.registry import PROVIDERS
from evalkit.testing import any_provider, providers
from tests.contract.subjects import OVER_HTTP, recorded, without_http

HTTP_CHECKS = pytest.mark.parametrize("check", providers.CHECKS)


def test_every_provider_that_is_shipped_is_held_to_the_suite(tmp_path: Path) -> None:
    held = {
        *(subject.plugin.name for subject in OVER_HTTP.values()),
        *(subject.plugin.name for subject in without_http(tmp_path).values()),
        *(subject.plugin.name for subject in recorded(tmp_path).values()),
    }
    assert held == set(PROVIDERS.built_in())


@pytest.mark.parametrize("name", OVER_HTTP)
@HTTP_CHECKS
def test_a_provider_over_http_keeps_the_contract(name: str, check: str) -> None:
    assert providers.CHECKS[check](OVER_HTTP[name]) is None


@pytest.mark.parametrize("name", ["simulated", "python", "python, in threads", "command"])
@pytest.mark.parametrize("check", any_provider.CHECKS)
def test_a_provider_without_http_keeps_the_contract(name: str, check: str, tmp_path: Path) -> None:
    assert any_provider.CHECKS[check](without_http(tmp_path)[name]) is None


@pytest.mark.parametrize("check", any_provider.RECORDED_CHECKS)
def test_a_recording_keeps_the_contract(check: str, tmp_path: Path) -> None:
    for subject in recorded(tmp_path).values():
        assert any_provider.RECORDED_CHECKS[check](subject) is None
