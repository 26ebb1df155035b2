"""The ``prometheus`` key of a canary becomes queries, each checked against what its trigger needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from evalkit.core.canary import Trigger, TriggerKind
from evalkit.core.errors import suggestion
from evalkit.core.model import Arm
from evalkit.core.prometheus import ARM, LOOK, PrometheusQueries, TriggerQueries
from evalkit.core.secrets import NAMED
from evalkit.spec.document import Trail
from evalkit.spec.problems import Problems
from evalkit.spec.prometheus_file import PrometheusFile, TriggerQueriesFile
from evalkit.wire.endpoint import is_address

HERE: Trail = ("canary", "prometheus")


def queries_of(
    file: PrometheusFile | None, triggers: Sequence[Trigger], problems: Problems
) -> PrometheusQueries | None:
    """Return what Prometheus is asked; nothing where the key is not there.

    Args:
        file: the key.
        triggers: those of the canary, which queries are named after.
        problems: what is wrong is added to them.
    """
    if file is None:
        return None
    for key, message in _lacks(file):
        problems.add((*HERE, key), message)
    known = {trigger.name: trigger for trigger in triggers}
    asked = {}
    for name, written in file.queries.items():
        trail: Trail = (*HERE, "queries", name)
        if name not in known:
            hint, listed = suggestion(name, list(known)), ", ".join(known)
            problems.add(trail, f"no trigger {name!r}{hint} (known: {listed})", at_key=True)
            continue
        message = _unfit(written, known[name])
        if message:
            problems.add(trail, message)
        asked[name] = TriggerQueries(
            **{field.name: getattr(written, field.name) for field in fields(TriggerQueries)}
        )
    usual = PrometheusQueries("", "", {})
    return PrometheusQueries(
        url=file.url,
        requests=file.requests,
        triggers=asked,
        arms=usual.arms if file.arms is None else _arms(file),
        newest=file.newest,
        token=file.token,
        settles=usual.settles if file.settles is None else file.settles,
        timeout=usual.timeout if file.timeout is None else file.timeout,
    )


def _arms(file: PrometheusFile) -> Mapping[Arm, str]:
    assert file.arms is not None
    return {Arm.BASELINE: file.arms.baseline, Arm.CANDIDATE: file.arms.candidate}


def _lacks(file: PrometheusFile) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the key itself, by the name of the key inside it."""
    if not is_address(file.url):
        # What was found is not shown: it may hold a password.
        yield (
            "url",
            "expected an address such as https://prometheus.example:9090, without @, ? and #",
        )
    if file.token is not None and not NAMED.fullmatch(file.token):
        message = (
            "expected ${env:NAME} with the name of the environment variable that holds the token, "
            "found something else; a token itself must not stand in a file"
        )
        yield "token", message
    if ARM not in file.requests or LOOK not in file.requests:
        message = (
            f"expected {ARM} for the arm and {LOOK} for the length of a look in the query, such as "
            f'sum(increase(requests_total{{arm="{ARM}"}}[{LOOK}]))'
        )
        yield "requests", message
    if file.arms is not None and file.arms.baseline == file.arms.candidate:
        yield "arms", f"both arms are called {file.arms.baseline!r}; nothing could be compared"


def _unfit(written: TriggerQueriesFile, trigger: Trigger) -> str:
    """Return why queries cannot be those of a trigger, or nothing."""
    given = {name for name, query in written.model_dump().items() if query is not None}
    sums, events = {"count", "total", "squares"}, {"found", "chances"}
    wanted = sums if trigger.kind is TriggerKind.MEAN else events
    if trigger.frozen_first:
        return (
            "it is compared with a quantile of the baseline, which queries do not give; write its "
            "bound with a number as its limit, or read logs"
        )
    if given - wanted:
        return f"expected {_listed(wanted)}, found {_listed(given - wanted)} as well"
    if needed := (wanted - {"chances"}) - given:
        return f"{_listed(needed)} missing; this trigger is made of {_listed(wanted)}"
    for name in sorted(given):
        query = getattr(written, name)
        if ARM not in query or LOOK not in query:
            return f"expected {ARM} and {LOOK} in the query {name}"
    return ""


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
