"""``evalkit canary --watch``: stay, look again and again, and tell whoever wants to know."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.core.canary_wording import moment_text, share_text, span_text
from evalkit.core.errors import UsageError
from evalkit.core.verdict import ExitCode
from evalkit.core.watching import Gate, Watching
from evalkit.core.wording import SPACE, count_text
from evalkit.report.text.safe import visible

if TYPE_CHECKING:
    from rich.live import Live

    from evalkit.core.canary import CanaryPlan, LookSource
    from evalkit.flows.canary.logs import LogForm
    from evalkit.flows.canary.opened import OpenCanary
    from evalkit.flows.canary.outbox import Outbox
    from evalkit.flows.canary.watch import Watch
    from evalkit.spec.envelope import LoadedEnvelope


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How a canary is watched.

    ``every`` is in seconds; ``until`` the share of the stage that it ends with, as it was written.
    """

    every: float
    webhook: str | None = None
    listen: str | None = None
    until: str | None = None


def watched(
    loaded: LoadedEnvelope, path: Path, logs: Sequence[Path], form: LogForm,
    options: WatchOptions, *, run: str | None = None, json: bool = False,
) -> ExitCode:  # fmt: skip
    """Watch a canary until somebody ends it or the stage is decided, and return what that means.

    Args:
        loaded: the envelope.
        path: the state file.
        logs: what is followed; without any, Prometheus is asked.
        form: how they are read.
        options: how it is watched.
        run: the name of the run.
        json: print every decision as a line of JSON.
    """
    from evalkit.cli.canary_pages import Pages
    from evalkit.cli.world import until_read
    from evalkit.flows.canary.grants import Grants
    from evalkit.flows.canary.opened import opened_canary, plan_of
    from evalkit.flows.canary.watch import Watch, stage_of
    from evalkit.wire.clock import SYSTEM_CLOCK
    from evalkit.wire.listening import listening

    plan = plan_of(loaded)
    until = None if options.until is None else stage_of(plan, _share(options.until))
    with ExitStack() as stack:
        ending = stack.enter_context(_ending())
        canary = stack.enter_context(opened_canary(path, plan, run=run))
        source = _source(loaded, logs, form, canary)
        watch = Watch(
            canary, source, options.every, SYSTEM_CLOCK, ending.waited,
            _outbox(path, plan, options), until,
        )  # fmt: skip
        pages = Pages(Grants(path), options.every)
        if options.listen is not None:
            address = stack.enter_context(listening(options.listen, pages))
            sys.stderr.write(f"evalkit: answers at {address}\n")
            sys.stderr.flush()
        shown = stack.enter_context(_shown(json=json))
        with until_read():
            for watching in watch.ticks():
                pages.show(watching)
                shown.show(watching)
        return _code(watch)


def _code(watch: Watch) -> ExitCode:
    """Return what the process says: of a stage that it was to end with, else that it ended well."""
    decision = watch.canary.state.decision
    assert decision is not None
    if watch.until is None:
        return ExitCode.PASS
    match watch.gate:
        case Gate.PROMOTE:
            return ExitCode.PASS
        case Gate.ROLLBACK:
            return ExitCode.FAIL
    code = decision.exit_code
    return code if code is not ExitCode.PASS else ExitCode.INCONCLUSIVE


def _source(
    loaded: LoadedEnvelope, logs: Sequence[Path], form: LogForm, canary: OpenCanary
) -> LookSource:
    if logs:
        from evalkit.flows.canary.following import FollowedSource

        return FollowedSource(logs, loaded, form, canary.state)
    from evalkit.flows.canary.prometheus import prometheus_source

    return prometheus_source(loaded, os.environ)


def _outbox(path: Path, plan: CanaryPlan, options: WatchOptions) -> Outbox | None:
    if options.webhook is None:
        return None
    from evalkit.flows.canary.outbox import Outbox
    from evalkit.wire.clock import SYSTEM_CLOCK
    from evalkit.wire.webhook import Webhook

    return Outbox(path, plan, Webhook(options.webhook, os.environ).checked(), SYSTEM_CLOCK)


def _share(text: str) -> float:
    from evalkit.spec.words import Quantity

    try:
        return Quantity.read(text).value
    except ValueError:
        raise UsageError(f"expected --until to be a share such as 5%, found {text!r}") from None


# ---------------------------------------------------------------- the end


class _Ending:
    """Whether somebody asked for the end; whoever waits here is woken by it."""

    def __init__(self) -> None:
        self._heard, self._said = os.pipe()
        os.set_blocking(self._said, False)  # a signal must not wait for anybody
        self._asked = False

    def ask(self, number: int, frame: object) -> None:
        """Ask for the end; who asks twice does not wait for it."""
        del frame
        if self._asked:
            raise SystemExit(128 + number)
        self._asked = True
        os.write(self._said, b".")

    def waited(self, seconds: float) -> bool:
        """Wait, and return whether somebody asked for the end."""
        if not self._asked:
            select.select([self._heard], [], [], seconds)
        return self._asked

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._heard)
        os.close(self._said)


@contextmanager
def _ending() -> Iterator[_Ending]:
    """Take SIGTERM and SIGINT for a wish to end after the look that is under way."""
    ending = _Ending()
    before = {
        number: signal.signal(number, ending.ask) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        ending.close()


# ---------------------------------------------------------------- what is shown


class _Lines:
    """A line for each decision, and one for each note that is new; JSON where it is asked for."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._number = 0
        self._notes: set[str] = set()

    def show(self, watching: Watching) -> None:
        """Print what is new."""
        if watching.decision.number > self._number:
            self._number = watching.decision.number
            sys.stdout.write(self._line(watching))
            sys.stdout.flush()
        for note in sorted(set(notes_of(watching)) - self._notes):
            sys.stderr.write(f"evalkit: {visible(note)}\n")
        self._notes = set(notes_of(watching))

    def _line(self, watching: Watching) -> str:
        if self._json:
            from evalkit.files.json_text import json_line
            from evalkit.report.canary.json import canary_record

            return json_line(canary_record(watching.plan, watching.decision))
        return f"{line_of(watching)}\n"


class _Screen:
    """The newest decision on a terminal, written over by the next."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, watching: Watching) -> None:
        """Show it."""
        from rich.console import Group
        from rich.text import Text

        from evalkit.report.canary.terminal import canary_lines
        from evalkit.report.text.lines import DIM, width_of, wrapped

        width = width_of(self._live.console)
        lines = list(canary_lines(watching.plan, watching.decision, width))
        looked = (
            f"{count_text(watching.ticks, 'look')}, the last at {moment_text(watching.at)}, one every "
            f"{span_text(watching.every)}. Ctrl-C ends it."
        )
        lines.append(Text())
        for text in [looked, *notes_of(watching)]:
            lines += wrapped(text, width, style=DIM)
        self._live.update(Group(Text(), *lines), refresh=True)


@contextmanager
def _shown(*, json: bool) -> Iterator[_Lines | _Screen]:
    from evalkit.cli.world import result_console

    console = result_console()
    if json or not console.is_terminal:
        yield _Lines(json=json)
        return
    from rich.live import Live

    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        yield _Screen(live)


def notes_of(watching: Watching) -> list[str]:
    """Return what somebody should look after."""
    delivery = watching.delivery
    if delivery is None or delivery.trouble is None:
        return list(watching.notes)
    waiting = f"{delivery.waiting:,} decisions wait" if delivery.waiting > 1 else "1 decision waits"
    return [*watching.notes, f"{waiting} for the webhook ({delivery.trouble})"]


def line_of(watching: Watching) -> str:
    """Return a decision in one line."""
    decision, plan = watching.decision, watching.plan
    reasons = list(dict.fromkeys(reason.text for reason in decision.reasons))
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    stage = f"stage {decision.stage + 1} of {len(plan.stages)}"
    text = (
        f"{moment_text(decision.at)}  {decision.action.upper():8}  {decision.number}  {stage}, "
        f"{share_text(decision.share)}: {reasons[0] if reasons else ''}{more}"
    )
    return visible(text.replace(SPACE, " "))
