"""OpenMetrics text is read by its own parser, and as GitLab reads it: by the rules of a shell."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from evalkit.core.verdict import Outcome, Verdict
from evalkit.report.format import Material
from evalkit.report.formats.metrics import metrics
from evalkit.report.view import view_of
from tests.fakes.hostile import HOSTILE
from tests.report.verdicts import ACCURACY, SLOW, TAIL, every_verdict, manifest, verdict

VERDICTS = every_verdict()


def written(made: Verdict) -> str:
    origin = manifest(made.bounds)
    return metrics(Material(view_of(made, origin), origin))


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return the value of each sample, by its name and the bound or arm or result it is about."""
    return {
        (found.name, ",".join(list(found.labels.values())[1:])): found.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for found in family.samples
    }


def as_gitlab_reads(text: str) -> dict[str, str]:
    """Return names and values by GitLab's reading: no comment, then the words of a shell."""
    words = [shlex.split(re.sub("#.*$", "", line)) for line in text.splitlines()]
    return {found[0]: found[1] for found in words if found}


@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict_is_read_alike_by_both(name: str) -> None:
    text = written(VERDICTS[name])
    found = samples(text)
    assert found["evalkit_exit_code", ""] == int(VERDICTS[name].exit_code)
    read = as_gitlab_reads(text)
    assert len(read) == len(found) == sum(not line.startswith("#") for line in text.splitlines())
    assert [float(value) for value in read.values()] == list(found.values())


def test_a_bound_has_its_estimate_its_interval_and_its_result() -> None:
    found = samples(written(verdict(Outcome.FAIL, [ACCURACY])))
    assert found["evalkit_bound_value", "accuracy"] == 0.511
    assert found["evalkit_bound_lower", "accuracy"] == 0.484
    assert found["evalkit_bound_upper", "accuracy"] == 0.537
    assert found["evalkit_bound_result", "accuracy,broken"] == 1
    assert found["evalkit_bound_result", "accuracy,holds"] == 0
    assert found["evalkit_arm_missing", "candidate"] == 0


def test_unbounded_is_a_value_and_unmeasured_is_none() -> None:
    found = samples(written(verdict(Outcome.UNMEASURED, [TAIL, SLOW])))
    assert found["evalkit_bound_upper", "ttft_ms"] == math.inf
    assert ("evalkit_bound_value", "latency_ms") not in found
    assert found["evalkit_bound_result", "latency_ms,unmeasured"] == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_is_a_label(name: str) -> None:
    words = HOSTILE[name]
    bounds = [replace(ACCURACY, name=words), replace(ACCURACY, name="other")]
    text = written(verdict(Outcome.FAIL, bounds, envelope=words))
    read = as_gitlab_reads(text)
    assert len(read) == len(samples(text)) == 1 + 4 * 2 + 3 * 2 + 5
