"""``evalkit canary``: promote, hold or roll back, by what the traffic of both arms shows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.canary_emit import Emit, emitted
from evalkit.cli.logs import Format, Map, labels
from evalkit.cli.options import AsJson
from evalkit.core.errors import UsageError

if TYPE_CHECKING:
    from evalkit.core.canary import CanaryPlan, Decision
    from evalkit.core.model import Arm
    from evalkit.flows.canary.logs import LogForm
    from evalkit.spec.envelope import LoadedEnvelope

WATCHING = "Watching"
MOST_NAMED = 5

CanaryEnvelope = Annotated[Path, typer.Argument(help="The envelope, with a key canary.")]
Logs = Annotated[
    list[Path] | None,
    typer.Argument(help="Logs of both arms; without any, the last decision is shown."),
]
State = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where the canary remembers [default: canary.NAME.json]."),
]
RunName = Annotated[
    str | None,
    typer.Option(
        help="The name of the run; another one begins anew [default: the candidate's model]."
    ),
]
ArmLabels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ARM=LABEL",
        help="What the logs call an arm, such as candidate=v42; again for more "
        "[default: candidate, canary; baseline, stable, control].",
    ),
]
LeaveOut = Annotated[
    int, typer.Option(min=0, metavar="N", help="So many malformed records a log are left out.")
]
AsOf = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Decide as of this time, in a replay of old logs."),
]
EmitFor = Annotated[
    Emit | None,
    typer.Option(help="Print the rollout as configuration of what steers the traffic."),
]
WatchOn = Annotated[
    bool,
    typer.Option("--watch", help="Stay, and look again and again.", rich_help_panel=WATCHING),
]
Every = Annotated[
    str, typer.Option(metavar="TIME", help="How often to look.", rich_help_panel=WATCHING)
]
WebhookUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where to post decisions.", rich_help_panel=WATCHING),
]
Listen = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Where to serve /metrics and decisions.",
        rich_help_panel=WATCHING,
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE",
        help="End once the stage with this share is decided, such as 5%.",
        rich_help_panel=WATCHING,
    ),
]


def canary(
    envelope: CanaryEnvelope,
    logs: Logs = None,
    state: State = None,
    run: RunName = None,
    arm: ArmLabels = None,
    log_format: Format = None,
    mapped: Map = None,
    skip_malformed: LeaveOut = 0,
    as_of: AsOf = None,
    json: AsJson = False,
    emit: EmitFor = None,
    watch: WatchOn = False,
    every: Every = "60s",
    webhook: WebhookUrl = None,
    listen: Listen = None,
    until: Until = None,
) -> None:
    """Read new traffic of a canary, and decide: promote, hold, or roll back.

    Every look is safe: false rollbacks stay below 1 − confidence over all looks, stages and bounds.
    Exit codes: 0 promote, 1 roll back, 3 hold, 4 hold for lack of data.
    """
    from evalkit.cli.world import code_root
    from evalkit.flows.canary.opened import plan_of
    from evalkit.spec.envelope import load_envelope

    loaded = load_envelope(envelope, code_root=code_root())
    plan = plan_of(loaded)
    path = state or Path(f"canary.{plan.name}.json")
    if emit is not None:
        others = (logs, watch, json, as_of, webhook, listen, until)
        return emitted(emit, plan, path, run, alone=not any(others))
    form = _form(arm, log_format, mapped, skip_malformed)
    if watch:
        from evalkit.cli.canary_watch import WatchOptions, watched

        options = WatchOptions(_length("--every", every), webhook, listen, until)
        sys.exit(int(watched(loaded, path, logs or [], form, options, run=run, json=json)))
    _refuse_without_watch({"webhook": webhook, "listen": listen, "until": until})
    now = _now(as_of)
    if logs:
        decision = _looked_at_logs(loaded, path, logs, form, now, run, replay=as_of is not None)
    else:
        decision = _newest(loaded, path, now, run)
    _show(plan, decision, as_json=json)
    sys.exit(int(decision.exit_code))


def _refuse_without_watch(options: Mapping[str, str | None]) -> None:
    for name, given in options.items():
        if given:
            raise UsageError(f"--{name} is for a process that stays; add --watch")


def _show(plan: CanaryPlan, decision: Decision, *, as_json: bool) -> None:
    from evalkit.cli.world import result_console, until_read

    with until_read():
        if as_json:
            from evalkit.report.canary.json import canary_text

            sys.stdout.write(canary_text(plan, decision))
        else:
            from evalkit.report.canary.terminal import print_canary

            print_canary(plan, decision, result_console())


def _looked_at_logs(
    loaded: LoadedEnvelope, path: Path, logs: Sequence[Path], form: LogForm, now: float,
    run: str | None, *, replay: bool,
) -> Decision:  # fmt: skip
    """Return the decision after what is new in the logs; what was left out of them is told."""
    from evalkit.core.wording import count_text
    from evalkit.flows.canary.logs import LogSource
    from evalkit.flows.canary.opened import opened_canary, plan_of

    source = LogSource(logs, loaded, form, replay=replay)
    with opened_canary(path, plan_of(loaded), run=run) as opened:
        decision = opened.look(source, now)
    left_out = [
        f"{count_text(count, 'request')} of {label!r}, which is no arm"
        for label, count in source.strangers.most_common(MOST_NAMED)
    ]
    if source.unlabelled:
        left_out.append(f"{count_text(source.unlabelled, 'request')} without an arm")
    if source.again:
        left_out.append(f"{count_text(source.again, 'record')} of requests that were there already")
    if source.malformed:
        left_out.append(f"{count_text(source.malformed, 'malformed record')}")
    for text in left_out:
        typer.echo(f"evalkit: left out: {text}", err=True)
    return decision


def _newest(loaded: LoadedEnvelope, path: Path, now: float, run: str | None) -> Decision:
    """Return the decision by what is monitored, or without that the last one that was made."""
    from evalkit.flows.canary.opened import last_decision, opened_canary, plan_of

    plan = plan_of(loaded)
    if plan.prometheus is not None:
        from evalkit.flows.canary.prometheus import prometheus_source

        source = prometheus_source(loaded, os.environ)
        with opened_canary(path, plan, run=run) as opened:
            return opened.look(source, now)
    if not path.exists():
        raise UsageError(
            f"expected logs of both arms, found none, and nothing is remembered in {path}"
        )
    return last_decision(path, plan)


def _form(
    arms: list[str] | None, log_format: str | None, mapped: list[str] | None, skip_malformed: int
) -> LogForm:
    from evalkit.flows.canary.logs import LogForm
    from evalkit.spec.traffic import field_map

    return LogForm(log_format, field_map(mapped or []), _labels(arms or []), skip_malformed)


def _labels(written: Sequence[str]) -> Mapping[str, Arm]:
    """Return which arm a label of the logs stands for; of an arm that is not named, the usual ones."""
    from evalkit.core.model import Arm
    from evalkit.flows.canary.looks import USUAL_LABELS

    named: dict[str, Arm] = {}
    for arm, label in labels(written):
        if named.setdefault(label, arm) is not arm:
            raise UsageError(f"--arm {arm}={label}: {label!r} cannot be the label of both arms")
    unnamed = set(Arm) - set(named.values())
    return {label: of for label, of in USUAL_LABELS.items() if of in unnamed} | named


def _length(option: str, text: str) -> float:
    from evalkit.spec.durations import seconds_of

    found = seconds_of(text)
    if found is None:
        raise UsageError(f"{option} {text}: expected a length of time such as 30s, 10m or 1h")
    return found


def _now(as_of: str | None) -> float:
    from evalkit.core.records import RecordError
    from evalkit.core.traffic import unix_seconds

    if as_of is None:
        return time.time()
    try:
        return unix_seconds(as_of)
    except RecordError:
        raise UsageError(f"--as-of {as_of}: expected a time such as 2026-10-01T12:00:00Z") from None
