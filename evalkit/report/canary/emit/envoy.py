"""The share of now as routes of Envoy, in the file that its route discovery watches."""

from __future__ import annotations

from evalkit.report.canary.emit.rollout import (
    Rollout,
    heading,
    percent_text,
    quoted,
    slug,
    weight,
)

PARTS = 1_000_000
LIMIT = "evalkit writes Envoy's weights as parts of a million"


def envoy_text(rollout: Rollout) -> str:
    """Return the file: a discovery response with one route configuration of the name ``evalkit``.

    The weights always add to the same, and the candidate's comes first: that is what keeps a user in
    the candidate when its share grows.

    Raises:
        UsageError: a stage is finer than a millionth.
    """
    parts = weight(rollout, PARTS, LIMIT)
    about = f"The candidate has {percent_text(parts / PARTS)} of the users."
    return (
        heading(rollout, about, "envoy")
        + f"""\
version_info: {quoted(f"{rollout.run} {parts}")}
resources:
  - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
    name: evalkit
    virtual_hosts:
      - name: {slug(rollout.name)}
        domains: ["*"]
        routes:
          - match: {{prefix: /}}
            route:
              timeout: 0s # Envoy's 15 s would cut long answers; stream_idle_timeout ends what hangs
              hash_policy:
                - {{header: {{header_name: x-user}}, terminal: true}}
                - {{connection_properties: {{source_ip: true}}}}
              weighted_clusters:
                use_hash_policy: true # from Envoy 1.36 on; before it, each request draws anew
                clusters:
                  - {{name: candidate, weight: {parts}}}
                  - {{name: baseline, weight: {PARTS - parts}}}
"""
    )
