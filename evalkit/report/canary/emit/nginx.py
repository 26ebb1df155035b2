"""The share of now as a ``split_clients`` of nginx, to be included in its ``http`` block."""

from __future__ import annotations

from hashlib import sha256

from evalkit.report.canary.emit.rollout import Rollout, heading, percent_text, weight

PARTS = 10_000
LIMIT = "nginx splits by hundredths of a per cent"


def nginx_text(rollout: Rollout) -> str:
    """Return the file.

    The key is the user behind a digest of the run: a user stays in an arm as long as the run lasts,
    whoever is in the candidate stays there in later stages, because its part comes first, and the
    next run begins with other users.

    Raises:
        UsageError: a stage is finer than nginx can split.
    """
    parts = weight(rollout, PARTS, LIMIT)
    run = sha256(rollout.run.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    if parts == 0:  # nginx takes no 0%
        arms = "    * baseline;\n"
    elif parts == PARTS:
        arms = "    * candidate;\n"
    else:
        arms = f"    {parts / 100:g}% candidate;\n    * baseline;\n"
    return (
        heading(rollout, f"The candidate has {percent_text(parts / PARTS)} of the users.", "nginx")
        + f'split_clients "{run} $evalkit_user" $evalkit_arm {{\n{arms}}}\n'
    )
