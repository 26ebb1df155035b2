"""A message is posted to somebody's webhook: signed, and with a key by which a second one is known.

The three headers are those of the Standard Webhooks specification 1.0, so that its libraries check
them: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from evalkit.core.errors import UsageError
from evalkit.core.secrets import Secrets
from evalkit.wire.endpoint import host_of
from evalkit.wire.exchange import HttpRequest, WireError
from evalkit.wire.transports import open_transport

SECRET = "EVALKIT_WEBHOOK_SECRET"
"""The environment variable that holds what messages are signed with."""
PATIENCE = 10.0
"""Seconds that a receiver has for one message."""
ENCODED = "whsec_"
"""How a secret begins that is written in base64."""
LONGEST_SAID = 200


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages go; the address may hold ``${env:NAME}``, and is itself never shown."""

    address: str
    environment: Mapping[str, str] = field(repr=False)

    def checked(self) -> Webhook:
        """Return it, if a message can be sent to it.

        Raises:
            UsageError: the address is none, or the secret is not what it says it is.
            MissingSecretError: a variable is not set.
        """
        url = Secrets(self.environment).filled(self.address)
        if not url.startswith(("http://", "https://")) or not host_of(url):
            raise UsageError(
                "expected the webhook to be an address such as https://host/path, or one with "
                "${env:NAME} in it"
            )
        self._key()
        return self

    @property
    def host(self) -> str:
        """The host, which is what is shown of the address."""
        return host_of(Secrets(self.environment).filled(self.address))

    @property
    def name(self) -> str:
        """A name by which the address is known again, and from which it cannot be read."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:16]

    def post(self, body: bytes, *, key: str, moment: float) -> str | None:
        """Post a message, and return why it was not taken, or nothing.

        Args:
            body: JSON.
            key: the same for every attempt at one message, and for no other message.
            moment: seconds since 1970.
        """
        return asyncio.run(self._posted(body, key, moment))

    async def _posted(self, body: bytes, key: str, moment: float) -> str | None:
        secrets = Secrets(self.environment)
        url = secrets.filled(self.address)
        parts = urlsplit(url)
        for part in (url, parts.path.strip("/"), parts.query):
            secrets.remember(part)  # chat systems put what lets in into the path
        request = HttpRequest("POST", url, self._headers(body, key, moment), body)
        transport = open_transport(self.environment)
        try:
            response = await transport.send(request, timeout=PATIENCE)
        except WireError as error:
            return f"{host_of(url)}: {secrets.redacted(str(error))[:LONGEST_SAID]}"
        finally:
            await transport.close()
        if 200 <= response.status < 300:
            return None
        said = secrets.redacted(" ".join(response.text.split()))[:LONGEST_SAID]
        return f"{host_of(url)}: HTTP {response.status}{': ' if said else ''}{said}"

    def _headers(self, body: bytes, key: str, moment: float) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "idempotency-key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(moment)),
        }
        secret = self._key()
        if secret is not None:
            headers["webhook-signature"] = signature(body, key, int(moment), secret)
        return headers

    def _key(self) -> bytes | None:
        secret = self.environment.get(SECRET, "").strip()
        if not secret:
            return None
        if not secret.startswith(ENCODED):
            return secret.encode()
        try:
            return base64.b64decode(secret.removeprefix(ENCODED), validate=True)
        except (binascii.Error, ValueError):
            raise UsageError(
                f"expected base64 behind {ENCODED} in {SECRET}, found something else"
            ) from None


def signature(body: bytes, key: str, moment: int, secret: bytes) -> str:
    """Return the signature of a message: its key, its time and its body, none of them exchangeable.

    >>> signature(b"{}", "msg_1", 1700000000, b"secret")[:6]
    'v1,A5o'
    """
    signed = b".".join([key.encode(), str(moment).encode(), body])
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
