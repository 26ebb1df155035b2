"""Which proxy the environment names."""

from __future__ import annotations

import pytest

from evalkit.core.errors import UsageError
from evalkit.wire.proxies import proxy_for

URL = "https://api.vendor.test/v1"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://q:1", "https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "http://p:1"),
        ({"http_proxy": "http://p:1"}, None),
        ({"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ({"ALL_PROXY": "http://p:1", "no_proxy": "other.test, .vendor.test"}, None),
        ({"ALL_PROXY": "http://p:1", "no_proxy": "vendor.test"}, None),
        ({"ALL_PROXY": "http://p:1", "no_proxy": "endor.test"}, "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "no_proxy": ","}, "http://p:1"),
    ],
)
def test_the_environment_names_the_proxy(environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(URL, environment) == proxy


def test_a_header_cannot_name_a_proxy_through_a_web_server() -> None:
    environment = {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}
    assert proxy_for("http://api.vendor.test/", environment) is None


def test_a_proxy_that_nobody_speaks_is_named() -> None:
    with pytest.raises(UsageError, match=r"socks5://.*expected http:// or https://"):
        proxy_for(URL, {"ALL_PROXY": "socks5://p:1"})
