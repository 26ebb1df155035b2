"""Requests are signed with AWS credentials, by botocore, which is loaded only where it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.wire.exchange import HttpRequest, HttpResponse, Transport

Signer: TypeAlias = "Callable[[HttpRequest], dict[str, str]]"
"""Gives the headers that sign a request; they are good for some minutes only."""


@dataclass(frozen=True, slots=True)
class SigningTransport:
    """Signs every request at the moment it goes out, so that a late attempt is signed anew."""

    sign: Signer
    inner: Transport

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109
        """Return the response to the signed request; see ``wire.exchange.Transport``."""
        headers = {**request.headers, **self.sign(request)}
        return await self.inner.send(replace(request, headers=headers), timeout=timeout)

    async def close(self) -> None:
        """Let go of every connection."""
        await self.inner.close()


def aws_signer(
    environment: Mapping[str, str], secrets: Secrets, *, region: str, place: str
) -> Signer:
    """Return what signs requests with the credentials of this machine.

    ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` of the environment come first; otherwise
    botocore looks where it always does: profiles, roles, the machine's own identity.

    Args:
        environment: the variables that a snapshot may use.
        secrets: remembers those that are read, so that they are never shown.
        region: where Bedrock is asked, a part of the signature.
        place: where a key could have been named, for messages.

    Raises:
        MissingSecretError: botocore is not installed, or finds no credentials.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise MissingSecretError(
            f"{place}: the environment variable AWS_BEARER_TOKEN_BEDROCK is not set; export "
            "AWS_BEARER_TOKEN_BEDROCK=…, or install evalkit-gate[bedrock] to sign with your AWS "
            "credentials"
        ) from None
    if environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY"):
        token = environment.get("AWS_SESSION_TOKEN")
        credentials: Any = Credentials(
            secrets.value("AWS_ACCESS_KEY_ID"),
            secrets.value("AWS_SECRET_ACCESS_KEY"),
            secrets.value("AWS_SESSION_TOKEN") if token else None,
        )
    else:
        credentials = _found_credentials(place)

    def sign(request: HttpRequest) -> dict[str, str]:
        frozen = credentials.get_frozen_credentials()
        for part in (frozen.access_key, frozen.secret_key, frozen.token or ""):
            secrets.remember(part)
        signed = AWSRequest(
            method=request.method, url=request.url, data=request.body, headers=request.headers
        )
        SigV4Auth(frozen, "bedrock", region).add_auth(signed)
        return {
            name.lower(): value
            for name, value in signed.headers.items()
            if name.lower() not in request.headers
        }

    return sign


def _found_credentials(place: str) -> Any:
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    try:
        found = Session().get_credentials()
    except BotoCoreError as error:
        raise MissingSecretError(f"{place}: AWS credentials cannot be read: {error}") from None
    if found is None:
        raise MissingSecretError(
            f"{place}: no AWS credentials were found; export AWS_BEARER_TOKEN_BEDROCK=…, or "
            "AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…, or choose a profile with AWS_PROFILE=…"
        )
    return found
