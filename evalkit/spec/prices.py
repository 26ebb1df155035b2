"""What a model costs by the shipped table of the extra ``prices``; the user's own prices come first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from evalkit.core.asking import Limits
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm, Json, Snapshot
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
    found: dict[Arm, Json] = {}
    for arm in sorted(envelope.live):
        snapshot = envelope.snapshots[arm]
        vendor = PROVIDERS.get(snapshot.provider).vendor
        if snapshot.prices is not None or vendor is None or not (limited or measured):
            continue
        prices = _table_price(snapshot, vendor)
        if prices is not None:
            found[arm] = prices
        elif limited:
            raise UsageError(
                f"--max-cost: what {arm} {snapshot.model} costs is not known; give the snapshot "
                "prices: {input, output} in US dollars per million tokens, or "
                "pip install 'evalkit-gate[prices]'"
            )
    return found


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
