"""The stages as steps of Argo Rollouts, each with an analysis that asks a watcher."""

from __future__ import annotations

from urllib.parse import quote

from evalkit.report.canary.emit.rollout import Rollout, comment, percents, quoted, slug

LIMIT = "setWeight of Argo Rollouts is in whole per cent"

TEMPLATE = """\
# Argo Rollouts asks a watcher (evalkit canary --watch --listen 0.0.0.0:9464) whether a stage may be left.
# promote → Successful, rollback → Failed, hold → Inconclusive: asked again until inconclusiveLimit,
# and then the rollout pauses. No answer is an Error, never a success.
# Written by evalkit canary --emit argo for {name}, run {run}.
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata:
  name: evalkit-stage
spec:
  args:
    - name: watcher # such as http://evalkit-canary.default.svc:9464
    - name: weight # the stage in per cent, as the Rollout has it in setWeight
    - name: run # what the watcher was started with as --run: another rollout's answer is a hold
  metrics:
    - name: behaviour
      interval: 60s
      successCondition: result == "promote"
      failureCondition: result == "rollback"
      consecutiveSuccessLimit: 1
      failureLimit: 0
      inconclusiveLimit: 1440 # a day of holding
      consecutiveErrorLimit: 15
      provider:
        web:
          url: "{{{{args.watcher}}}}/stages/{{{{args.weight}}}}?run={{{{args.run}}}}"
          jsonPath: "{{$.action}}"
          timeoutSeconds: 10
---
# Of your own Rollout, only the steps are evalkit's.
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: {slug}
spec:
  selector:
    matchLabels: {{app: {slug}}}
  template:
    metadata:
      labels: {{app: {slug}}}
    spec:
      containers:
        - {{name: {slug}, image: example/{slug}:candidate}}
  strategy:
    canary:
      steps: # as canary.stages of the envelope
"""
STEP = """\
        - setWeight: {weight}
        - analysis:
            templates: [{{templateName: evalkit-stage}}]
            args:
              - {{name: watcher, value: "http://evalkit-canary.default.svc:9464"}}
              - {{name: weight, value: "{weight}"}}
              - {{name: run, value: {run}}}
"""


def argo_text(rollout: Rollout) -> str:
    """Return an AnalysisTemplate and a Rollout with the steps.

    Raises:
        UsageError: a stage is no whole per cent.
    """
    weights = percents(rollout, LIMIT)
    # The run stands in the query of an address, into which Argo writes it as it is.
    run = quoted(quote(rollout.run, safe="", errors="replace"))
    head = TEMPLATE.format(
        name=comment(rollout.name), run=comment(rollout.run), slug=slug(rollout.name)
    )
    return head + "".join(STEP.format(weight=item, run=run) for item in weights)
