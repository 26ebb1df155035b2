"""The same work as ``evalkit shadow`` does, written by hand for DuckDB.

``python -m tests.bench.shadow_duckdb apart|joined|apart-users|joined-users[-command]|sums FILE…``
"""

# ruff: noqa: S608 - the queries are of this module's own words

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

THREADS = 2
AMOUNTS = ("latency_ms", "tokens", "cost_usd", "score")
RATES = ("error", "refusal")
HOUR = "date_trunc('hour', timestamp)"
DAY = "date_trunc('day', timestamp)"
CUTS = "[0.5, 0.95, 0.99]"


def queries(kind: str, source: str) -> Iterator[str]:
    """Yield queries that count what evalkit counts: of each arm, of pairs, of users.

    Args:
        kind: what is joined, and whether the command does it, which tells days beside hours and
            the percentiles of three amounts by both.
        source: from where to read, such as ``read_parquet([…])``.
    """
    command = "command" in kind
    sums = ", ".join(f"count({m}), avg({m}), var_samp({m})" for m in AMOUNTS)
    skews = ", ".join(f"skewness({m})" for m in AMOUNTS)
    rates = ", ".join(f"sum({m}::int)" for m in RATES)
    amounts = AMOUNTS[:3] if command else AMOUNTS[:1]
    cuts = ", ".join(f"quantile_cont({m}, {CUTS})" for m in amounts)
    counted = f"count(*), {sums}, {skews}, {rates}, {cuts} from {source} group by all"
    if kind == "sums":
        yield f"select arm, {HOUR}, count(*), {sums}, {rates} from {source} group by all"
        return
    yield f"select arm, {HOUR}, {counted}"
    if command:
        yield f"select arm, {DAY}, {counted}"
    yield (
        "select arm, "
        + ", ".join(f"quantile_cont({m}, {CUTS})" for m in AMOUNTS[:3])
        + f" from {source} group by all"
    )
    if "joined" in kind:
        yield from _pairs(source, [HOUR, DAY] if command else [HOUR])
    if "users" in kind:
        yield from _users(source)
    if "joined" in kind and "users" in kind:
        yield from _users_of_pairs(source)


def _pairs(source: str, windows: Sequence[str]) -> Iterator[str]:
    moved = ", ".join(
        f"avg(c.{m} - b.{m}), var_samp(c.{m} - b.{m}), skewness(c.{m} - b.{m}), "
        f"covar_samp(c.{m}, b.{m})"
        for m in AMOUNTS
    )
    flips = ", ".join(
        f"sum((c.{m} and not b.{m})::int), sum((b.{m} and not c.{m})::int)" for m in RATES
    )
    for window in windows:
        yield (
            f"select {window.replace('timestamp', 'b.timestamp')}, count(*), {moved}, {flips} "
            f"from {_both(source, 'request_id')} group by all"
        )


def _both(source: str, keys: str) -> str:
    return (
        f"(select * from {source} where arm = 'baseline') b "
        f"join (select * from {source} where arm = 'candidate') c using ({keys})"
    )


def _users(source: str) -> Iterator[str]:
    """Yield what limits over users need: powers of their sums by how many rows they have."""
    each = ", ".join(f"count({m}) n_{m}, sum({_value(m)}) s_{m}" for m in AMOUNTS + RATES)
    yield f"create temp table users as select arm, user_id, {each} from {source} group by all"
    for m in AMOUNTS + RATES:
        n, s = f"n_{m}", f"s_{m}"
        yield (
            f"select arm, {n}, count(*), sum({s}), sum({s} * {s}), sum({s} * {s} * {s}) "
            f"from users where {n} > 0 group by all"
        )
    shared = ", ".join(
        f"sum(b.s_{m} * c.s_{m}), sum(b.n_{m} * c.s_{m}), sum(b.s_{m} * c.n_{m}), sum(b.n_{m} * c.n_{m})"
        for m in AMOUNTS + RATES
    )
    yield f"select count(*), {shared} from {_both('users', 'user_id')}"


def _users_of_pairs(source: str) -> Iterator[str]:
    each = ", ".join(
        f"count({_value(f'b.{m}')} + {_value(f'c.{m}')}) n_{m}, sum({_value(f'b.{m}')}) b_{m}, "
        f"sum({_value(f'c.{m}')} - {_value(f'b.{m}')}) d_{m}"
        for m in AMOUNTS + RATES
    )
    both = _both(source, "request_id, user_id")
    yield f"create temp table pairs as select user_id, {each} from {both} group by all"
    for m in AMOUNTS + RATES:
        b, d = f"b_{m}", f"d_{m}"
        products = [(b,), (d,), (b, b), (b, d), (d, d), (b, b, b), (b, b, d), (b, d, d), (d, d, d)]
        found = ", ".join(f"sum({' * '.join(product)})" for product in products)
        yield f"select n_{m}, count(*), {found} from pairs where n_{m} > 0 group by all"


def _value(column: str) -> str:
    return f"{column}::int::double" if column.rpartition(".")[2] in RATES else column


def main() -> None:
    """Do what the command line says, and print how much came out."""
    import duckdb

    kind, *files = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute(f"set threads = {THREADS}")
    rows = [
        connection.execute(query).fetchall() for query in queries(kind, f"read_parquet({files})")
    ]
    sys.stdout.write(f"{sum(map(len, rows))} rows\n")


if __name__ == "__main__":
    main()
