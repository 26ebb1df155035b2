"""``evalkit mirror``: a reverse proxy before an endpoint, for shadow copies and canary splits."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalkit.core.mirror_plan import MirrorPlan
    from evalkit.core.model import Json


def mirror(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="The mirror's file; see docs/mirror.md.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Check the file and all it names, and open nothing.")
    ] = False,
) -> None:
    """Stand before an endpoint: copy requests to a candidate, or let it answer a share of the users.

    Answers of the live upstream pass as they come. Copies never delay a caller: what does not fit is
    dropped and counted. SIGTERM lets what is under way end (exit 0); a second one does not wait.
    """
    from evalkit.flows.mirror.loading import loaded_mirror, unset
    from evalkit.flows.mirror.serving import needs_installed

    plan = loaded_mirror(config)
    needs_installed()
    if check:
        sys.stdout.write(f"{config}: valid\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines_of(plan))
        sys.stdout.writelines(f"  not here: {lack}\n" for lack in unset(plan, os.environ))
        return
    hurried = _served(plan)
    if hurried is not None:
        sys.exit(128 + hurried)


def lines_of(plan: MirrorPlan) -> Iterator[str]:
    """Yield what goes where, a line each."""
    from evalkit.core.canary_wording import share_text
    from evalkit.core.mirror import Mode
    from evalkit.core.wording import SPACE

    where = f" for {', '.join(plan.paths)}" if plan.paths else ""
    if plan.mode is Mode.CANARY:
        yield f"live: {plan.live.url} answers whom the candidate does not"
        yield f"candidate: {plan.candidate.url} answers the share of users in {plan.state}{where}"
    else:
        share = share_text(plan.copy_share).replace(SPACE, " ")
        yield f"live: {plan.live.url} answers everybody"
        yield f"candidate: {plan.candidate.url} gets copies of {share} of the requests{where}"
    yield f"log: {plan.log.path}" if plan.log else "log: nothing is written down"
    own = plan.candidate.headers, plan.candidate.body, plan.candidate.path
    if plan.candidate.url == plan.live.url and not any(own):
        yield "warning: the candidate is the live endpoint, asked the same: nothing new is compared"


def _served(plan: MirrorPlan) -> int | None:
    """Serve until somebody ends it; return the signal, if it was asked for twice."""
    from evalkit.cli.mirror_pages import MirrorPages
    from evalkit.core.secrets import Secrets
    from evalkit.flows.mirror.serving import opened_mirror
    from evalkit.report.text.safe import visible
    from evalkit.wire.listening import listening
    from evalkit.wire.mirror.server import serve

    redacted: list[Secrets] = []
    log = _json_lines(lambda text: redacted[0].redacted(text) if redacted else text)

    def opened(address: str) -> None:
        _say(f"{plan.name} listens at {address}")
        for line in lines_of(plan):
            _say(visible(line))
        log("started", {"address": address})

    with ExitStack() as stack:
        serving = stack.enter_context(opened_mirror(plan, os.environ, log))
        redacted.append(serving.traffic.secrets)
        if plan.admin is not None:
            pages = MirrorPages(serving)
            admin = stack.enter_context(listening(plan.admin, pages, named="admin:"))
            _say(f"answers /healthz and /metrics at {admin}")
        hurried = serve(serving.server, plan.listen, opened=opened)
    log("ended", {})
    return hurried


def _say(text: str) -> None:
    sys.stderr.write(f"evalkit: {text}\n")
    sys.stderr.flush()


def _json_lines(redacted: Callable[[str], str]) -> Callable[[str, Mapping[str, Json]], None]:
    """Return what writes events as lines of JSON on standard error."""
    from evalkit.files.json_text import json_line

    def log(event: str, fields: Mapping[str, Json]) -> None:
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = redacted(json_line({"time": when, "event": event, **fields}))
        try:
            sys.stderr.write(line)
            sys.stderr.flush()
        except OSError:
            return  # whoever read it is gone; the traffic goes on

    return log
