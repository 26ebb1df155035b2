"""The state file of a canary becomes a share: whatever is wrong with it, nobody is given the candidate."""

from __future__ import annotations

from evalkit.core.mirror_plan import Share
from evalkit.core.model import Json
from evalkit.files.json_text import JsonTextError, parse_json

SCHEMA = "evalkit.canary-state/1"
"""What ``evalkit canary`` calls what it writes; its first keys are an interface."""


def share_of(text: str) -> Share:
    """Return the share that a state names, and the run in which users are dealt.

    >>> share_of('{"schema": "evalkit.canary-state/1", "run": "m-2", "share": 0.05}')
    Share(value=0.05, run='m-2', trouble='')
    >>> share_of("{").value
    0.0
    """
    try:
        state = parse_json(text)
    except JsonTextError as error:
        return Share(trouble=f"expected the state of a canary, found no JSON: {error}")
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        return Share(trouble=f"expected the state of a canary, whose schema is {SCHEMA}")
    run, value = state.get("run"), state.get("share")
    if not isinstance(run, str) or not run:
        return Share(trouble="expected the name of a run in the state of the canary, found none")
    if not _is_share(value):
        return Share(run=run, trouble="expected a share from 0 to 1 in the state of the canary")
    assert isinstance(value, (int, float))
    return Share(float(value), run)


def _is_share(value: Json) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 <= value <= 1  # type: ignore[operator]
