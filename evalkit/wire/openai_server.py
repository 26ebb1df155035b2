"""What the formats of OpenAI share: where it lives, how a key is taken, where models are looked up."""

from __future__ import annotations

from datetime import date
from typing import Protocol, cast

from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import Snapshot
from evalkit.core.ports import Surroundings
from evalkit.core.secrets import Secrets
from evalkit.wire.endpoint import (
    Endpoint,
    EndpointOptions,
    VendorKey,
    host_of,
    same_origin,
    without_slash,
)
from evalkit.wire.lifecycle import lifecycle_at

HOME = "https://api.openai.com/v1"
_AZURE = (".openai.azure.com", ".services.ai.azure.com")


class OpenAIServer(EndpointOptions, Protocol):
    """The options of a snapshot that asks one of OpenAI's formats."""

    @property
    def base_url(self) -> str:
        """The address below which the formats lie."""
        ...


def openai_endpoint(path: str, options: OpenAIServer, secrets: Secrets, *, owner: str) -> Endpoint:
    """Return the endpoint at a path below the base address; Azure takes keys in a header of its own.

    Raises:
        MissingSecretError: a variable that is needed is not set.
    """
    base_url = options.base_url
    azure = host_of(base_url).endswith(_AZURE)
    key = VendorKey(
        header="api-key" if azure else "authorization",
        variables=("OPENAI_API_KEY",),
        at_home=same_origin(base_url, HOME),
        prefix="" if azure else "Bearer ",
    )
    url = without_slash(base_url) + path
    return Endpoint.of(url, options, key=key, owner=owner, secrets=secrets)


async def openai_lifecycle(
    snapshot: Snapshot, surroundings: Surroundings, today: date
) -> Lifecycle | None:
    """Return until when OpenAI serves the model of a snapshot, as it says.

    Raises:
        MissingSecretError: a variable that is needed is not set.
        ProviderError: no answer, or one that cannot be read.
    """
    options, secrets = cast("OpenAIServer", snapshot.options), Secrets(surroundings.environment)
    models = openai_endpoint("/models", options, secrets, owner=snapshot.provider)
    return await lifecycle_at(
        models, "openai", snapshot, surroundings, secrets=secrets, today=today
    )
