"""Every provider that is shipped, as the conformance suite takes it: how its endpoint speaks."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalkit.core.model import Json, Snapshot
from evalkit.core.ports import Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.testing.any_provider import RecordedSubject, Subject
from evalkit.testing.providers import KEY, HttpSubject, Reply, Told

NAMED_KEY = f"${{env:{KEY}}}"


def refused(status: int, body: Json, **headers: str) -> Reply:
    """Return a reply with a body of JSON."""
    return Reply(status, json.dumps(body).encode(), headers)


def known(**values: Json) -> dict[str, Json]:
    """Return the values that are to be told."""
    return {name: value for name, value in values.items() if value is not None}


def snapshot(
    provider: str, *, params: Mapping[str, Json] | None = None, **options: Any
) -> Snapshot:
    """Return the snapshot of a provider's options."""
    plugin = PROVIDERS.get(provider)
    return Snapshot(provider, plugin.options(**options), model="asked-1", params=params or {})


# ---------------------------------------------------------------- OpenAI


def chat(told: Told) -> Json:
    """Return a chat completion."""
    usage = known(prompt_tokens=told.input_tokens, completion_tokens=told.output_tokens)
    message: Json = {"role": "assistant", "content": told.text}
    choice: Json = {"index": 0, "finish_reason": "stop", "message": message}
    return {"id": "c-1", "choices": [choice], **known(model=told.model, usage=usage or None)}


def responses(told: Told) -> Json:
    """Return a response of OpenAI's responses."""
    usage = known(input_tokens=told.input_tokens, output_tokens=told.output_tokens)
    part: Json = {"type": "output_text", "text": told.text}
    message: Json = {"type": "message", "role": "assistant", "content": [part]}
    found: dict[str, Json] = {"id": "r-1", "status": "completed", "output": [message]}
    return {**found, **known(model=told.model, usage=usage or None)}


DECLINED: Json = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
UNSUPPORTED = refused(
    400,
    {
        "error": {
            "message": "Unsupported parameter: 'temperature' is not supported with this model.",
            "type": "invalid_request_error",
            "param": "temperature",
        }
    },
)
FILTERED = refused(400, {"error": {"code": "content_filter", "message": "content filtered"}})

openai = HttpSubject(
    PROVIDERS.get("openai"),
    lambda url: snapshot("openai", base_url=f"{url}/v1", api_key=NAMED_KEY),
    chat,
    refusals=[
        refused(200, {"choices": [{"message": DECLINED, "finish_reason": "stop"}]}),
        refused(
            200, {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}
        ),
        FILTERED,
    ],
    objection=UNSUPPORTED,
)
openai_responses = HttpSubject(
    PROVIDERS.get("openai-responses"),
    lambda url: snapshot("openai-responses", base_url=f"{url}/v1", api_key=NAMED_KEY),
    responses,
    refusals=[
        refused(
            200,
            {
                "status": "completed",
                "output": [
                    {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}
                ],
            },
        ),
        FILTERED,
    ],
    objection=UNSUPPORTED,
)


# ---------------------------------------------------------------- the others


def messages(told: Told) -> Json:
    """Return a message of Anthropic."""
    usage = known(input_tokens=told.input_tokens, output_tokens=told.output_tokens)
    content: list[Json] = [{"type": "text", "text": told.text}] if told.text else []
    found: dict[str, Json] = {"type": "message", "stop_reason": "end_turn", "content": content}
    return {**found, **known(model=told.model, usage=usage or None)}


def generated(told: Told) -> Json:
    """Return an answer of Gemini."""
    usage = known(promptTokenCount=told.input_tokens, candidatesTokenCount=told.output_tokens)
    content: Json = {"role": "model", "parts": [{"text": told.text}]}
    found: dict[str, Json] = {"candidates": [{"content": content, "finishReason": "STOP"}]}
    return {**found, **known(modelVersion=told.model, usageMetadata=usage or None)}


def conversed(told: Told) -> Json:
    """Return an answer of Bedrock's Converse."""
    usage = known(inputTokens=told.input_tokens, outputTokens=told.output_tokens)
    message: Json = {"role": "assistant", "content": [{"text": told.text}]}
    return {"output": {"message": message}, "stopReason": "end_turn", **known(usage=usage or None)}


def summary(told: Told) -> Json:
    """Return an answer of an endpoint of one's own."""
    meta = known(model=told.model, i=told.input_tokens, o=told.output_tokens)
    return {"summary": {"text": told.text}, "meta": meta}


anthropic = HttpSubject(
    PROVIDERS.get("anthropic"),
    lambda url: snapshot("anthropic", base_url=url, api_key=NAMED_KEY, params={"max_tokens": 64}),
    messages,
    refusals=[refused(200, {"type": "message", "content": [], "stop_reason": "refusal"})],
    objection=refused(
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "`temperature` is deprecated for this model.",
            },
        },
    ),
)
gemini = HttpSubject(
    PROVIDERS.get("gemini"),
    lambda url: snapshot("gemini", base_url=url, api_key=NAMED_KEY),
    generated,
    refusals=[
        refused(200, {"promptFeedback": {"blockReason": "SAFETY"}}),
        refused(200, {"candidates": [{"finishReason": "SAFETY"}]}),
    ],
    objection=refused(
        400,
        {
            "error": {
                "code": 400,
                "status": "INVALID_ARGUMENT",
                "message": 'Invalid JSON payload received. Unknown name "temperature" at '
                "'generation_config': Cannot find field.",
            }
        },
    ),
)
bedrock = HttpSubject(
    PROVIDERS.get("bedrock"),
    lambda url: snapshot("bedrock", base_url=url, api_key=NAMED_KEY, region="eu-west-1"),
    conversed,
    refusals=[
        refused(
            200,
            {
                "output": {"message": {"role": "assistant", "content": [{"text": "No."}]}},
                "stopReason": "guardrail_intervened",
            },
        )
    ],
    objection=refused(400, {"message": "The model returned: temperature is not supported"}),
    tells_model=False,
)
http = HttpSubject(
    PROVIDERS.get("http"),
    lambda url: snapshot(
        "http",
        url=f"{url}/v1/summarize",
        headers={"authorization": f"Bearer {NAMED_KEY}"},
        body={"q": "{{ prompt }}", "model": "{{ model }}", "options": "{{ params }}"},
        response={
            "text": "summary.text",
            "model": "meta.model",
            "input_tokens": "meta.i",
            "output_tokens": "meta.o",
        },
        refusal_status=(451,),
    ),
    summary,
    refusals=[refused(451, {"reason": "not to be summarized"})],
    objection=None,  # whatever an endpoint of one's own says there, nobody can know how it says it
)

OVER_HTTP = {
    subject.plugin.name: subject
    for subject in (openai, openai_responses, anthropic, gemini, bedrock, http)
}


# ---------------------------------------------------------------- without HTTP

ANSWERS = """
import asyncio, json, sys, time

async def answer(prompt, model):
    return {"output": prompt, "model": model}

def plainly(prompt, model):
    return {"output": prompt, "model": model}

async def slowly(prompt):
    await asyncio.sleep(60)

if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        time.sleep(float(sys.argv[1]))
        print(json.dumps({"output": asked["prompt"], "model": asked["model"]}), flush=True)
"""


def without_http(root: Path) -> dict[str, Subject]:
    """Return the providers that ask no endpoint; what they run is written to a folder."""
    (root / "ask.py").write_text(ANSWERS)
    around = Surroundings(code_root=root)

    def subject(name: str, given: dict[str, Any], slow: dict[str, Any] | None) -> Subject:
        late = None if slow is None else snapshot(name, **slow)
        return Subject(PROVIDERS.get(name), snapshot(name, **given), late, around)

    path, python = root / "ask.py", sys.executable
    return {
        "simulated": subject("simulated", {}, {"latency_ms": 60_000.0, "sleep": True}),
        "python": subject("python", {"function": f"{path}:answer"}, {"function": f"{path}:slowly"}),
        "python, in threads": subject("python", {"function": f"{path}:plainly"}, None),
        "command": subject(
            "command",
            {"command": [python, str(path), "0"]},
            {"command": [python, str(path), "60"]},
        ),
    }


def recorded(root: Path) -> dict[str, RecordedSubject]:
    """Return the providers of answers that exist already."""
    path = root / "outputs.jsonl"
    lines = [{"id": f"c{number}", "output": f"answer {number}"} for number in range(3)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {"replay": RecordedSubject(PROVIDERS.get("replay"), snapshot("replay", path=path))}
