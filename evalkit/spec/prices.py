"""What a model costs by the shipped table of the extra ``prices``; the user's own prices come first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from evalkit.core.asking import Limits
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Json, Snapshot
from evalkit.core.ports import Costs
from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.lifecycle import vendor_at

SCORER = "cost_usd"
_NAMES = {"bedrock": "aws", "vertex": "google"}
"""What the table calls a vendor."""


def missing_prices(loaded: LoadedEnvelope, limits: Limits) -> Mapping[Arm, Json]:
    """Return the prices of live arms that somebody asks for and nobody gave, as an envelope has them.

    Raises:
        UsageError: money is limited, and what an arm costs is not known.
    """
    envelope = loaded.envelope
    limited = limits.cost_usd is not None
    measured = any(instrument.scorer == SCORER for instrument in envelope.instruments)
    found = {
        arm: _price(arm.value, snapshot, limited=limited, wanted=limited or measured)
        for arm, snapshot in sorted(envelope.asked.items())
    }
    return {arm: price for arm, price in found.items() if price is not None}


def missing_metric_prices(loaded: LoadedEnvelope, limits: Limits) -> Mapping[str, Json]:
    """Return the prices of whom metrics ask that are needed and nobody gave, by the metric's name.

    Raises:
        UsageError: money is limited, and what somebody who is asked costs is not known.
    """
    limited = limits.cost_usd is not None
    found = {
        name: _price(name, by, limited=limited, wanted=limited)
        for name, by in loaded.envelope.consulted.items()
    }
    return {name: price for name, price in found.items() if price is not None}


def _price(who: str, snapshot: Snapshot, *, limited: bool, wanted: bool) -> Json:
    """Return the price of a snapshot that has none of its own and whose price is wanted."""
    plugin = PROVIDERS.get(snapshot.provider)
    costs = plugin.costs(snapshot)
    if limited and costs is Costs.UNKNOWN:
        raise UsageError(f"{_not_known(who, snapshot)}; {_TELLS_NEITHER}")
    if snapshot.prices is not None or not wanted:
        return None
    prices = _table_price(snapshot, plugin.vendor) if plugin.vendor else None
    if prices is None and limited and costs is Costs.TOKENS:
        table = _OR_THE_TABLE if plugin.vendor else ""
        raise UsageError(f"{_not_known(who, snapshot)}; {_GIVE_PRICES}{table}")
    return prices


_GIVE_PRICES = "give the snapshot prices: {input, output} in US dollars per million tokens"
_OR_THE_TABLE = ", or pip install 'evalkit-gate[prices]'"
_TELLS_NEITHER = (
    "its answers tell neither that nor how many tokens they take: let response pick cost_usd, or "
    "input_tokens and output_tokens and give the snapshot prices: {input, output}"
)


def _not_known(who: str, snapshot: Snapshot) -> str:
    named = " ".join(part for part in (who, snapshot.model) if part)
    return f"--max-cost: what {named} costs is not known"


def _table_price(snapshot: Snapshot, vendor: str) -> Json:
    """Return the prices of a model per million tokens; nothing where no table knows it."""
    at = vendor_at(vendor, getattr(snapshot.options, "base_url", None))
    if snapshot.model is None or at is None:
        return None  # a server of one's own, whatever it calls its models, has prices of its own
    try:
        from genai_prices import data_snapshot
    except ImportError:
        return None
    table = data_snapshot.get_snapshot()
    try:
        _, model = table.find_provider_model(snapshot.model, None, _NAMES.get(at, at), None)
    except LookupError:
        return None
    prices = model.get_prices(datetime.now(UTC))
    amounts = [_flat(prices.input_mtok), _flat(prices.output_mtok)]
    if None in amounts:
        return None
    return {"input": amounts[0], "output": amounts[1]}


def _flat(price: object) -> float | None:
    """Return a price; of one that rises with the length of a request, the first step."""
    base = getattr(price, "base", price)
    return None if base is None else float(str(base))
