"""The stages as ``stepWeights`` of Flagger, with the webhooks that ask a watcher before each."""

from __future__ import annotations

from evalkit.report.canary.emit.rollout import Rollout, comment, percents, slug

LIMIT = "stepWeights of Flagger are whole per cent"
TEMPLATE = """\
# Flagger asks a watcher before every step. It tells which revision it rolls out (a checksum), but neither
# the weight nor whether the answer arrived; the watcher counts the steps it granted, and grants one when
# the stage before it is passed. stepWeights are canary.stages of the envelope.
# Written by evalkit canary --emit flagger for {name}, run {run}.
apiVersion: flagger.app/v1beta1
kind: Canary
metadata:
  name: {slug}
spec:
  targetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {slug}
  service:
    port: 80
  analysis:
    interval: 1m
    threshold: 5
    stepWeights: {weights}
    webhooks:
      - name: evalkit-step
        type: confirm-traffic-increase
        url: http://evalkit-canary.default:9464/flagger/confirm-traffic-increase
        timeout: 10s
      - name: evalkit-promotion
        type: confirm-promotion
        url: http://evalkit-canary.default:9464/flagger/confirm-promotion
        timeout: 10s
      - name: evalkit-rollback
        type: rollback
        url: http://evalkit-canary.default:9464/flagger/rollback
        timeout: 10s
"""


def flagger_text(rollout: Rollout) -> str:
    """Return the Canary.

    Raises:
        UsageError: a stage is no whole per cent.
    """
    return TEMPLATE.format(
        name=comment(rollout.name), run=comment(rollout.run), slug=slug(rollout.name),
        weights=percents(rollout, LIMIT),
    )  # fmt: skip
