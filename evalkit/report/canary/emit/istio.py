"""The share of now as a ``VirtualService`` of Istio with two weighted subsets."""

from __future__ import annotations

from evalkit.report.canary.emit.rollout import Rollout, heading, percent_text, slug, weight

PARTS = 100
LIMIT = "evalkit writes Istio's weights in whole per cent"


def istio_text(rollout: Rollout) -> str:
    """Return the manifest.

    Raises:
        UsageError: a stage is no whole per cent.
    """
    parts, name = weight(rollout, PARTS, LIMIT), slug(rollout.name)
    about = f"The candidate has {percent_text(parts / PARTS)} of the requests."
    return (
        heading(rollout, about, "istio")
        + f"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {name}
spec:
  hosts: [{name}]
  http:
    - route:
        - destination: {{host: {name}, subset: candidate}}
          weight: {parts}
        - destination: {{host: {name}, subset: baseline}}
          weight: {PARTS - parts}
"""
    )
