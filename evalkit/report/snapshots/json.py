"""What is known of the snapshots in use becomes a JSON document, the same bytes for the same input."""

from __future__ import annotations

from datetime import date

from evalkit.core.lifecycle import Inventory, SnapshotInUse
from evalkit.core.model import Json
from evalkit.files.json_text import document_text


def snapshots_text(inventory: Inventory) -> str:
    """Return the document of an inventory; what nobody knows is ``null``."""
    return document_text(
        {
            "schema": "evalkit.snapshots/1",
            "today": inventory.today.isoformat(),
            "warn_days": inventory.warn_days,
            "table": {
                "checked_at": inventory.table_of.isoformat(),
                "age_days": inventory.table_age,
            },
            "envelopes": [
                {
                    "path": envelope.path,
                    "name": envelope.name,
                    "snapshots": [_snapshot(used, inventory.today) for used in envelope.snapshots],
                }
                for envelope in inventory.envelopes
            ],
            "unread": list(inventory.unread),
            "unanswered": list(inventory.unanswered),
        }
    )


def _snapshot(used: SnapshotInUse, today: date) -> Json:
    known = used.classified
    return {
        "arm": None if used.arm is None else used.arm.value,
        "sentinel": used.sentinel,
        "metric": used.metric or None,
        "provider": used.provider,
        "recorded": known is None,
        "requested": used.requested,
        "expected": used.expected,
        "pin": known.pin.value if known else None,
        "why": known.why if known else None,
        "status": known.status if known else None,
        "deprecated_at": _day(known.deprecated_at) if known else None,
        "retires_at": _day(known.retires_at) if known else None,
        "days_left": used.days_left(today),
        "source": known.source if known else None,
        "checked_at": _day(known.checked_at) if known else None,
        "asked": bool(known and known.asked),
        "run": used.run,
        "served": None if used.served is None else list(used.served),
        "strangers": list(used.strangers),
        "format_versions": list(used.formats),
        "told_deprecated_at": _day(used.deprecated_at),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
