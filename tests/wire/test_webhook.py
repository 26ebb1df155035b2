"""A message to a webhook: its key, its signature, and what is shown of its address."""

from __future__ import annotations

import base64

import pytest

from evalkit.core.errors import UsageError
from evalkit.core.secrets import MissingSecretError
from evalkit.testing.server import Reply, scripted
from evalkit.wire.webhook import SECRET, Webhook, signature


def test_the_signature_is_that_of_the_specification() -> None:
    """The worked example of Standard Webhooks 1.0."""
    secret = base64.b64decode("plJ3nmyCDGBKInavdOK15jsl")
    body = b'{"event_type":"ping","data":{"success":true}}'
    found = signature(body, "msg_loFOjxBNrRLzqYUf", 1731705121, secret)
    assert found == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


@pytest.mark.parametrize(
    "secret", ["plain words", "whsec_" + base64.b64encode(b"plain words").decode()]
)
def test_a_message_bears_its_key_its_time_and_a_signature_of_both(secret: str) -> None:
    with scripted([Reply(204)]) as server:
        webhook = Webhook(f"{server.url}/in", {SECRET: secret}).checked()
        assert webhook.post(b"{}", key="k1", moment=12.7) is None
        [heard] = server.heard
    assert (heard.method, heard.target, heard.body) == ("POST", "/in", b"{}")
    assert heard.headers["webhook-id"] == heard.headers["idempotency-key"] == "k1"
    assert heard.headers["webhook-timestamp"] == "12"
    assert heard.headers["webhook-signature"] == signature(b"{}", "k1", 12, b"plain words")


def test_without_a_secret_nothing_is_signed() -> None:
    with scripted([Reply(200)]) as server:
        Webhook(server.url, {}).post(b"{}", key="k", moment=0.0)
        assert "webhook-signature" not in server.heard[0].headers


def test_a_refusal_and_silence_are_told_without_the_address() -> None:
    with scripted([Reply(500, b"no,  not\nnow: s3cret-path")]) as server:
        webhook = Webhook("${env:HOOK}", {"HOOK": f"{server.url}/s3cret-path"})
        told = webhook.post(b"{}", key="k", moment=0.0)
        assert told == "127.0.0.1: HTTP 500: no, not now: [redacted]"
        echo = Webhook("${env:HOOK}", {"HOOK": f"{server.url}/s3cret-path"})
        assert "s3cret" not in repr(echo)
        assert "s3cret" not in echo.host + echo.name
    silent = Webhook("http://127.0.0.1:1/s3cret-path", {}).post(b"{}", key="k", moment=0.0)
    assert silent is not None
    assert silent.startswith("127.0.0.1: ")
    assert "s3cret" not in silent


@pytest.mark.parametrize("address", ["hooks.example/x", "ftp://x.example", "https://", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="expected the webhook to be an address"):
        Webhook(address, {}).checked()


def test_what_is_missing_in_the_environment_is_said() -> None:
    with pytest.raises(MissingSecretError, match="HOOK is not set"):
        Webhook("${env:HOOK}", {}).checked()
    with pytest.raises(UsageError, match=f"expected base64 behind whsec_ in {SECRET}"):
        Webhook("http://x.example", {SECRET: "whsec_?"}).checked()
