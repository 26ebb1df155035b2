"""The verdict as OpenMetrics text, which GitLab compares between branches.

GitLab reads a line as a shell would, from a ``#`` on not at all, and compares values as text: labels
are written without the characters that mean something there, values with the six digits of the
verdict. What was not measured has no line. Infinite is a value, unknown is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from evalkit.core.verdict import Result
from evalkit.report.format import Material, report_format
from evalkit.report.text.safe import one_line
from evalkit.report.view import View

_ACTS = re.compile(r"""["'\\`#%$]""")


@report_format("metrics", file="metrics.txt", only_in="gitlab")
def metrics(material: Material) -> str:
    """OpenMetrics text for GitLab's ``artifacts:reports:metrics``."""
    view = material.view
    envelope = label("envelope", view.verdict.envelope)
    lines = [
        *_family("evalkit_exit_code", "gauge", "The verdict as the gate's exit code.",
                 [(envelope, f"{int(view.verdict.exit_code)}")]),
        *_family("evalkit_waived", "gauge", "Whether a waiver let the verdict through.",
                 [(envelope, "1")] if view.waived else []),
        *_family("evalkit_warnings", "gauge", "How many warnings the verdict bears.",
                 [(envelope, f"{len(view.warnings)}")] if view.warnings else []),
        *_results(view, envelope),
        *_estimates(view, envelope),
        *_arms(view, envelope),
        "# EOF",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def label(name: str, value: str) -> str:
    """Return a label; what acts in OpenMetrics or in GitLab's reading of it is a percent code.

    >>> label("bound", 'a "b" #1')
    'bound="a %22b%22 %231"'
    """
    plain = _ACTS.sub(lambda found: f"%{ord(found.group()):02X}", one_line(value))
    return f'{name}="{plain}"'


def _family(
    name: str, kind: str, explanation: str, samples: Iterable[tuple[str, str]]
) -> Iterator[str]:
    lines = [f"{name}{{{labels}}} {value}" for labels, value in samples]
    if lines:
        yield f"# HELP {name} {explanation}"
        yield f"# TYPE {name} {kind}"
        yield from lines


def _results(view: View, envelope: str) -> Iterator[str]:
    name = "evalkit_bound_result"
    return _family(
        name, "stateset", "What is known about each bound.",
        (
            (f'{envelope},{label("bound", row.bound.name)},{name}="{result}"',
             f"{int(row.bound.result is result)}")
            for row in view.rows
            for result in Result
        ),
    )  # fmt: skip


def _estimates(view: View, envelope: str) -> Iterator[str]:
    """Yield the number each limit was laid on, and the ends of its interval."""
    for part in ("value", "lower", "upper"):
        samples = (
            (f"{envelope},{label('bound', row.bound.name)}", number(getattr(row.judged, part)))
            for row in view.rows
            if row.judged is not None
        )
        yield from _family(
            f"evalkit_bound_{part}", "gauge", f"The {part} of each bound's estimate.", samples
        )


def _arms(view: View, envelope: str) -> Iterator[str]:
    for name in ("samples", "missing", "cost_usd"):
        samples = (
            (f'{envelope},arm="{arm}"', number(getattr(summary, name)))
            for arm, summary in view.verdict.facts.arms.items()
            if getattr(summary, name) is not None
        )
        yield from _family(f"evalkit_arm_{name}", "gauge", f"The {name} of each arm.", samples)


def number(value: float) -> str:
    """Return a number as OpenMetrics writes it.

    >>> number(0.051), number(float("-inf"))
    ('0.051', '-Inf')
    """
    return repr(value).replace("inf", "Inf")
