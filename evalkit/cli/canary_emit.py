"""``evalkit canary --emit``: the rollout as configuration of what steers the traffic."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.core.errors import UsageError

if TYPE_CHECKING:
    from evalkit.core.canary import CanaryPlan


class Emit(StrEnum):
    """What configuration can be written for."""

    NGINX = "nginx"
    ENVOY = "envoy"
    ISTIO = "istio"
    ARGO = "argo"
    FLAGGER = "flagger"


def emitted(form: Emit, plan: CanaryPlan, path: Path, run: str | None, *, alone: bool) -> None:
    """Print the configuration; nothing is looked at, and nothing is decided.

    Args:
        form: for what.
        plan: the canary.
        path: its state file. Where it is not there nobody watches, and the candidate is to have nothing.
        run: the run that is meant; what was decided about another one says nothing of it.
        alone: whether nothing was asked for beside it.

    Raises:
        UsageError: something was, the state is another envelope's, or the format cannot express a stage.
    """
    from evalkit.cli.world import until_read
    from evalkit.report.canary.emit import FORMATS
    from evalkit.report.canary.emit.rollout import Rollout

    if not alone:
        raise UsageError(
            "--emit writes down what was decided, and takes only --state and --run beside it; "
            "decide in a call of its own"
        )
    name, share = _standing(plan, path, run)
    rollout = Rollout(plan.name, name, tuple(stage.share for stage in plan.stages), share)
    text = FORMATS[form](rollout)
    with until_read():
        sys.stdout.write(text)


def _standing(plan: CanaryPlan, path: Path, run: str | None) -> tuple[str, float | None]:
    """Return the run, and the share that its candidate is to have now if anybody watches it."""
    from evalkit.flows.canary.opened import last_decision, read_state

    if not path.exists():
        return run or plan.run, None
    if run is not None and read_state(path).run != run:
        return run, None
    decision = last_decision(path, plan)
    return decision.run, decision.share
