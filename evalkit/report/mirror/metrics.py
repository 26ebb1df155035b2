"""What a mirror counted becomes metrics in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import TypeVar

from evalkit.core.mirror import LATENCY_BOUNDS_MS, Counted, Latencies, Mode
from evalkit.core.mirror_counts import TrafficCounted
from evalkit.report.prometheus import Buckets, Lines, Values, family, histogram, text_of

Key = TypeVar("Key", bound=str)
PER_SECOND = 1000.0


def metrics_text(server: Counted, traffic: TrafficCounted) -> str:
    """Return the metrics of a mirror: its server's, and those of what is above it."""
    return text_of([*_callers(server), *_copies(server), *_rollout(traffic), *_above(traffic)])


# ---------------------------------------------------------------- parts


def _callers(server: Counted) -> Iterator[Lines]:
    """Yield what callers got."""
    yield _counter(
        "answers", "Answers to callers, by who gave them and the class of the status.",
        [({"arm": arm, "status": kind}, count) for (arm, kind), count in server.answered.items()],
    )  # fmt: skip
    yield _counter(
        "broken_answers", "Answers to callers that were not heard to their end.",
        [({"arm": arm, "why": why}, count) for (arm, why), count in server.troubled.items()],
    )  # fmt: skip
    yield _counter("refused", "What the mirror answered itself.", _by("code", server.refused))
    yield histogram(
        "evalkit_mirror_latency_seconds", "How long whole answers took, those to copies among them.",
        [({"arm": arm}, *_seconds(found)) for arm, found in server.latencies.items()],
    )  # fmt: skip
    yield _counter("received_bytes", "Bytes of callers' bodies.", [({}, server.bytes_in)])
    yield _counter("sent_bytes", "Bytes of the bodies of answers.", [({}, server.bytes_out)])
    yield _gauge("under_way", "Requests that are being answered.", server.active)
    yield _gauge("connections", "Connections of callers.", server.connections)
    yield _gauge("draining", "Whether it takes no new requests any more.", server.draining)


def _copies(server: Counted) -> Iterator[Lines]:
    """Yield what became of the copies."""
    copies = server.copies
    yield _counter("copies_offered", "Requests that were to be copied.", [({}, copies.offered)])
    yield _counter("copies_answered", "Copies that were answered whole.", [({}, copies.answered)])
    yield _counter("copies_failed", "Copies that were not answered.", _by("why", copies.failed))
    yield _counter("copies_dropped", "Copies that were never sent.", [({}, copies.dropped)])
    yield _gauge("copies_waiting", "Copies that wait to be sent.", copies.waiting)
    yield _gauge("copies_under_way", "Copies that are being answered.", copies.under_way)


def _rollout(traffic: TrafficCounted) -> Iterator[Lines]:
    """Yield whom the candidate answers."""
    yield family(
        "evalkit_mirror_mode", "gauge", "1 for what the candidate gets, 0 for the other.",
        [({"mode": mode.value}, float(mode is traffic.mode)) for mode in Mode],
    )  # fmt: skip
    yield _gauge("share", "The share of the users whom the candidate answers now.", traffic.share)
    if traffic.state_age is not None:
        yield _gauge(
            "state_age_seconds", "Since when the canary's state could not be read any more.",
            traffic.state_age,
        )  # fmt: skip


def _above(traffic: TrafficCounted) -> Iterator[Lines]:
    """Yield what was written down, told and checked."""
    yield _counter(
        "records", "Records of the log, by what became of them.", _by("fate", traffic.logged)
    )
    yield _gauge("records_waiting", "Records that wait to be written.", traffic.queue)
    yield _counter(
        "uncopied", "Requests that belonged to the candidate, and could not be given to it.",
        _by("why", traffic.uncopied),
    )  # fmt: skip
    yield _counter(
        "told_in_body", "Bodies that metadata belongs into.", _by("fate", traffic.in_body)
    )
    yield _counter(
        "checked", "Live answers that were held to the schema, by what was found.",
        _by("found", traffic.checked),
    )  # fmt: skip
    yield _counter("rejected", "Answers kept back because of it.", [({}, traffic.rejected)])


def _by(label: str, counts: Mapping[Key, int]) -> Values:
    return [({label: str(key)}, count) for key, count in counts.items()]


def _counter(name: str, about: str, values: Values) -> Lines:
    return family(f"evalkit_mirror_{name}_total", "counter", about, values)


def _gauge(name: str, about: str, value: float) -> Lines:
    return family(f"evalkit_mirror_{name}", "gauge", about, [({}, float(value))])


def _seconds(found: Latencies) -> tuple[Buckets, float]:
    """Return the buckets of latencies with what is in and below each, and the sum of all."""
    ends = [*(bound / PER_SECOND for bound in LATENCY_BOUNDS_MS), float("inf")]
    return list(zip(ends, accumulate(found.counts), strict=True)), found.total_ms / PER_SECOND
