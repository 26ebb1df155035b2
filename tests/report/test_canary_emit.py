"""A rollout as configuration: what each format says, and what it cannot."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from evalkit.core.errors import UsageError
from evalkit.report.canary.emit import FORMATS
from evalkit.report.canary.emit.rollout import Rollout, slug

HOSTILE = 'x"\n  evil: {{args.x}} # $host ;}\u202e\x1b[31m é'
STAGES = (0.01, 0.05, 0.2)


def rollout(share: float | None = 0.05, **fields: Any) -> Rollout:
    """Return a rollout of three stages."""
    return Rollout(**{"name": "chat", "run": "r1", "stages": STAGES, **fields}, share=share)


def documents(name: str, of: Rollout) -> list[dict[str, Any]]:
    """Return what the text of a format says, read as YAML."""
    return list(yaml.safe_load_all(FORMATS[name](of)))


@pytest.mark.parametrize(
    ("share", "arms"),
    [
        (None, ["* baseline;"]),
        (0.0, ["* baseline;"]),
        (0.0001, ["0.01% candidate;", "* baseline;"]),
        (0.07, ["7% candidate;", "* baseline;"]),
        (0.3333, ["33.33% candidate;", "* baseline;"]),
        (1.0, ["* candidate;"]),
    ],
)
def test_nginx_splits_by_what_comes_first_and_knows_no_0_per_cent(
    share: float | None, arms: list[str]
) -> None:
    head, *inside, end = (
        line
        for line in FORMATS["nginx"](rollout(share)).splitlines()
        if not line.startswith("#")
    )  # fmt: skip
    assert head.startswith('split_clients "')
    assert head.endswith(' $evalkit_user" $evalkit_arm {')
    assert [line.strip() for line in inside] == arms
    assert end == "}"


def test_another_run_begins_with_other_users() -> None:
    keys = {FORMATS["nginx"](rollout(run=run)).splitlines()[3] for run in ("r1", "r2")}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("share", "weights"), [(None, [0, 10**6]), (0.00001, [10, 999_990]), (1.0, [10**6, 0])]
)
def test_envoys_weights_always_add_to_the_same(share: float | None, weights: list[int]) -> None:
    [found] = documents("envoy", rollout(share))
    [routes] = found["resources"]
    [host] = routes["virtual_hosts"]
    [route] = host["routes"]
    clusters = route["route"]["weighted_clusters"]["clusters"]
    assert [item["name"] for item in clusters] == ["candidate", "baseline"]
    assert [item["weight"] for item in clusters] == weights
    assert route["route"]["weighted_clusters"]["use_hash_policy"] is True
    assert route["route"]["hash_policy"][0]["terminal"] is True


@pytest.mark.parametrize(("share", "weights"), [(None, [0, 100]), (0.05, [5, 95]), (1.0, [100, 0])])
def test_istios_weights_add_to_100(share: float | None, weights: list[int]) -> None:
    [found] = documents("istio", rollout(share))
    [rule] = found["spec"]["http"]
    assert [item["weight"] for item in rule["route"]] == weights
    assert [item["destination"]["subset"] for item in rule["route"]] == ["candidate", "baseline"]


def test_argo_asks_about_each_stage_behind_its_weight() -> None:
    template, found = documents("argo", rollout(run="2026 05/20&x=1"))
    names = [argument["name"] for argument in template["spec"]["args"]]
    steps = found["spec"]["strategy"]["canary"]["steps"]
    assert [step["setWeight"] for step in steps[::2]] == [1, 5, 20]
    for weight, step in zip((1, 5, 20), steps[1::2], strict=True):
        [asked] = step["analysis"]["templates"]
        assert asked["templateName"] == template["metadata"]["name"]
        values = {item["name"]: item["value"] for item in step["analysis"]["args"]}
        assert list(values) == names
        assert values["weight"] == str(weight)
        assert values["run"] == "2026%2005%2F20%26x%3D1"


def test_flagger_has_the_stages_as_its_steps() -> None:
    [found] = documents("flagger", rollout())
    assert found["spec"]["analysis"]["stepWeights"] == [1, 5, 20]


@pytest.mark.parametrize("name", FORMATS)
def test_no_text_of_the_envelope_becomes_configuration(name: str) -> None:
    plain = FORMATS[name](rollout())
    hostile = FORMATS[name](rollout(name=HOSTILE, run=HOSTILE))
    assert hostile.count("\n") == plain.count("\n")
    assert "\x1b" not in hostile
    if name == "nginx":
        assert "evil" not in "".join(hostile.splitlines()[3:])
    else:
        both = (list(yaml.safe_load_all(text)) for text in (plain, hostile))
        for one, other in zip(*both, strict=True):
            assert keys(one) == keys(other)


def keys(value: Any) -> Any:
    """Return a document without its values."""
    match value:
        case dict():
            return {key: keys(item) for key, item in value.items()}
        case list():
            return [keys(item) for item in value]
    return None


@pytest.mark.parametrize(
    ("name", "stages", "expected"),
    [
        ("nginx", (0.00005, 0.1), "canary.stages[0] is 0.005 %, and nginx splits by hundredths of a per cent: expected a multiple of 0.01 %"),
        ("envoy", (0.1, 0.1000001), "canary.stages[1] is 10.00001 %, and evalkit writes Envoy's weights as parts of a million"),
        ("istio", (0.005, 0.1), "canary.stages[0] is 0.5 %, and evalkit writes Istio's weights in whole per cent: expected a multiple of 1 %"),
        ("argo", (0.01, 0.125), "canary.stages[1] is 12.5 %, and setWeight of Argo Rollouts is in whole per cent"),
        ("flagger", (0.001,), "canary.stages[0] is 0.1 %, and stepWeights of Flagger are whole per cent"),
    ],
)  # fmt: skip
def test_a_stage_that_a_format_cannot_express_is_an_error(
    name: str, stages: tuple[float, ...], expected: str
) -> None:
    with pytest.raises(UsageError) as caught:
        FORMATS[name](rollout(None, stages=stages))
    assert expected in str(caught.value)


def test_a_name_becomes_one_that_kubernetes_takes() -> None:
    assert slug("Chat (EU) — v2") == "chat-eu-v2"
    assert len(slug("x" * 300)) == 53
    assert not slug("x" * 52 + "-y").endswith("-")
