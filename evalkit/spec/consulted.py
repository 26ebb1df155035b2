"""What a metric says about whom its scorer asks becomes the snapshot that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evalkit.core.errors import UserError
from evalkit.core.model import Json, Prices, Snapshot
from evalkit.core.ports import ProviderPlugin, Remote, ScorerPlugin
from evalkit.core.registry import PROVIDERS
from evalkit.spec.document import Trail
from evalkit.spec.grammar import ConsultedFile
from evalkit.spec.options import options_of
from evalkit.spec.problems import Problems

BY = "by"
_ADDRESS = ("url", "base_url")


def consulted(
    plugin: ScorerPlugin, written: Json, options: object, problems: Problems, trail: Trail
) -> Snapshot | None:
    """Return whom a remote scorer asks, or ``None`` after noting what is wrong.

    Args:
        plugin: the scorer.
        written: what stands under ``by``; nothing where the user left it to the scorer.
        options: the scorer's.
        problems: where problems are noted.
        trail: where it stands, or should.
    """
    remote = plugin.remote
    assert remote is not None
    if written is None and not remote.by:
        problems.add(
            trail[:-1],
            f"{plugin.name} asks somebody about every answer; name him with by: {{provider: …, model: …}}",
        )
        return None
    given = _completed(remote, written)
    file = problems.checked(ConsultedFile, given, trail)
    if file is None:
        return None
    provider = _provider_named(file.provider, problems, (*trail, "provider"))
    if provider is None:
        return None
    own = options_of(provider.options, file.model_extra or {}, {}, problems, trail)
    if own is None:
        return None
    params = file.params
    if params is None:
        params = dict(remote.params) if provider.vendor is not None else {}
    found = Snapshot(
        provider=file.provider,
        options=own,
        model=file.model,
        template="none",
        params=params,
        prices=Prices(file.prices.input, file.prices.output) if file.prices else None,
        expected_model=file.expected_model,
        concurrency=file.concurrency,
        timeout=file.timeout,
    )
    if provider.structured(found):
        found = replace(found, response_schema=remote.schema(options))
    for lack in provider.lacks(found):
        problems.add((*trail, *lack.key.split(".")), lack.message)
    return found


def _provider_named(name: str, problems: Problems, trail: Trail) -> ProviderPlugin | None:
    """Return a provider that can be asked."""
    try:
        provider = PROVIDERS.get(name)
    except UserError as error:
        problems.add(trail, str(error))
        return None
    if provider.recorded:
        problems.add(
            trail,
            f"{name} plays back what was recorded; name a provider that is asked. What it was "
            "answered is kept in the run folder, and judged again without a call",
        )
        return None
    return provider


def _completed(remote: Remote, written: Json) -> Json:
    """Return what the user wrote, and for the rest what the scorer asks by itself.

    Headers may name a key: where the user names another address or provider they are not sent there.
    """
    if written is None:
        return dict(remote.by)
    if not isinstance(written, Mapping):
        return written
    usual = dict(remote.by)
    if "provider" in written and written["provider"] != usual.get("provider"):
        usual = {}
    if any(name in written for name in _ADDRESS):
        usual.pop("headers", None)
    return {**usual, **written}
