"""What is refused before anybody is asked, or at the first request, with its place and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_live import live_world, samples, simulated
from tests.fakes.fault_server import Running
from tests.providers.vendors import serving
from tests.worlds import Outcome, World

# ---------------------------------------------------------------- what an endpoint does not know


def refusing(folder: Path, message: str, **params: object) -> tuple[World, Outcome]:
    """Gate at an endpoint that refuses every request with a sentence."""
    with serving({"error": {"message": message, "type": "invalid_request_error"}}, 400) as server:
        arm = {"provider": "openai", "base_url": server.url}
        place = live_world(
            folder, Running(0), 60,
            baseline={**arm, "model": "m-1"}, candidate={**arm, "model": "m-2", "params": params},
        )  # fmt: skip
        return place, place.gate("-o", "run")


def test_a_parameter_that_an_endpoint_refuses_is_named_where_it_is_written_with_the_fix(
    tmp_path: Path,
) -> None:
    said = "Unsupported parameter: 'temperature' is not supported with this model."
    place, found = refusing(tmp_path, said, top_p=0.9, temperature=0.2)
    text = place.envelope.read_text().splitlines()
    [line] = [number for number, row in enumerate(text, 1) if '"temperature"' in row]
    column = text[line - 1].index("0.2") + 1
    assert (found.code, found.out) == (2, "")
    assert found.err.splitlines()[-1] == (
        f"evalkit: {place.envelope}:{line}:{column}: candidate.params.temperature: the endpoint refuses it: "
        f"'{said.rstrip('.')}'; leave it out"
    )
    assert not (tmp_path / "run").exists()


def test_a_parameter_that_only_needs_another_name_is_answered_with_that_name(
    tmp_path: Path,
) -> None:
    said = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead."
    )
    _, found = refusing(tmp_path, said, max_tokens=100)
    assert found.code == 2
    assert "candidate.params.max_tokens: " in found.err
    assert found.err.endswith("; write max_completion_tokens instead\n")


def test_a_model_of_the_command_line_that_an_endpoint_does_not_know_is_named_there(
    tmp_path: Path,
) -> None:
    with serving({"error": {"message": "m-9", "code": "model_not_found"}}, 404) as server:
        arm = {"provider": "openai", "base_url": server.url}
        place = live_world(
            tmp_path, Running(0), 60,
            baseline={"provider": "simulated"}, candidate={**arm, "model": "m-2"},
        )  # fmt: skip
        found = place.gate("-o", "run", "--candidate", "openai:m-9")
    assert found.code == 2
    assert (
        "--candidate: candidate.model: the endpoint refuses it: 'm-9'; write the name" in found.err
    )


# ---------------------------------------------------------------- what nobody could know the cost of


@pytest.mark.parametrize(
    ("response", "fix"),
    [
        ({"text": "text"}, "let response pick cost_usd, or input_tokens and output_tokens"),
        ("text", "let response pick cost_usd, or input_tokens and output_tokens"),
        (
            {"text": "text", "input_tokens": "i", "output_tokens": "o"},
            "give the snapshot prices: {input, output} in US dollars per million tokens\n",
        ),
    ],
)
def test_a_cost_that_an_endpoint_of_one_s_own_never_tells_is_refused_before_it_is_asked(
    tmp_path: Path, response: object, fix: str
) -> None:
    with serving({"text": "yes", "i": 5, "o": 3, "cost": 0.01}) as server:
        place = live_world(
            tmp_path, Running(0), 40,
            baseline={"provider": "simulated"},
            candidate={
                "provider": "http", "url": f"{server.url}/ask", "response": response,
                "body": {"q": "{{ prompt }}"},
            },
        )  # fmt: skip
        found = place.gate("--max-cost", "0.5", "-o", "run")
        assert not server.seen
    assert found.code == 2
    assert "--max-cost: what candidate costs is not known; " in found.err
    assert fix in found.err
    assert not (tmp_path / "run").exists()


def test_a_cost_that_an_answer_tells_itself_is_kept_below_its_limit(tmp_path: Path) -> None:
    with serving({"text": "yes", "cost": 0.01}) as server:
        picked = {"text": "text", "cost_usd": "cost"}
        place = live_world(
            tmp_path, Running(0), 40,
            baseline={"provider": "simulated"},
            candidate={
                "provider": "http", "url": f"{server.url}/ask", "response": picked,
                "body": {"q": "{{ prompt }}"},
            },
        )  # fmt: skip
        found = place.gate("--max-cost", "0.2", "-o", "run", "--anyway")
        asked = len(server.seen)
    assert found.code in {0, 3}, found.err
    assert 15 <= asked <= 20
    assert "--max-cost 0.2 was reached" in found.out


def test_what_costs_nothing_meets_no_limit_on_cost(tmp_path: Path) -> None:
    place = simulated(tmp_path, 60, [{"metric": "accuracy", "min": 0.5}])
    found = place.gate("--max-cost", "0.01", "-o", "run")
    assert found.code == 0, found.err
    assert len(samples(tmp_path / "run")) == 60
    assert "--max-cost" not in found.out + found.err
