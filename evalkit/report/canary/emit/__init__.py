"""A rollout becomes the configuration of what steers the traffic: one format a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evalkit.report.canary.emit.argo import argo_text
from evalkit.report.canary.emit.envoy import envoy_text
from evalkit.report.canary.emit.flagger import flagger_text
from evalkit.report.canary.emit.istio import istio_text
from evalkit.report.canary.emit.nginx import nginx_text
from evalkit.report.canary.emit.rollout import Rollout

FORMATS: Mapping[str, Callable[[Rollout], str]] = {
    "argo": argo_text,
    "envoy": envoy_text,
    "flagger": flagger_text,
    "istio": istio_text,
    "nginx": nginx_text,
}
