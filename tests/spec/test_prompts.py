"""What a snapshot's prompt makes of a case."""

from __future__ import annotations

import pytest

from evalkit.core.model import Case, CaseInput, Message, Snapshot
from evalkit.spec.prompts import Prompt, PromptError


def messages(asked: CaseInput, prompt: str | None = None, template: str = "format") -> str:
    snapshot = Snapshot("p", object(), prompt=prompt, template=template)  # type: ignore[arg-type]
    (found,) = Prompt.of(snapshot).messages(Case("a", asked))
    assert found.role == "user"
    return found.content


def test_a_text_is_one_message_and_a_conversation_is_left_as_it_is() -> None:
    assert messages("Why {not}?") == "Why {not}?"
    turns = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "{x}"))
    assert Prompt.of(Snapshot("p", object())).messages(Case("a", turns)) == turns


@pytest.mark.parametrize(
    ("asked", "prompt", "expected"),
    [
        ("a {b}", "Say: {input}", "Say: a {b}"),
        ({"text": "hi", "n": 3}, "{n}× {text}{{}}", "3× hi{}"),
        ({"rows": [1, "é"], "ok": True}, "{rows} {ok}", '[1,"é"] true'),
    ],
)
def test_names_between_braces_are_filled_in(asked: CaseInput, prompt: str, expected: str) -> None:
    assert messages(asked, prompt) == expected


@pytest.mark.parametrize(
    ("asked", "prompt", "expected"),
    [
        ("a {{ b }}", "Say: {{ input }}\n", "Say: a {{ b }}\n"),
        ({"rows": [1, 2]}, "{% for row in rows %}{{ row }};{% endfor %}", "1;2;"),
    ],
)
def test_a_jinja_template_is_filled_in(asked: CaseInput, prompt: str, expected: str) -> None:
    assert messages(asked, prompt, "jinja") == expected


@pytest.mark.parametrize(
    ("prompt", "template", "expected"),
    [
        ("{input", "format", "double the braces"),
        ("{input!r}", "format", "name of a variable between braces, found 'input'"),
        ("{a.b}", "format", "found 'a.b'"),
        ("{0}", "format", "found '0'"),
        ("{}", "format", "found ''"),
        ("Say something", "format", "every case would ask the same"),
        ("{{ input", "jinja", "cannot be read as a Jinja template"),
        ("text", "none", "leaves no place for the input"),
    ],
)
def test_a_prompt_that_cannot_be_read_says_why(prompt: str, template: str, expected: str) -> None:
    with pytest.raises(PromptError, match=expected):
        messages("x", prompt, template)


@pytest.mark.parametrize(
    ("asked", "prompt", "template", "expected"),
    [
        ({"text": "hi"}, "{txet}", "format", "lacks the variable 'txet'; did you mean 'text'?"),
        ("hi", "{question}", "format", "lacks the variable 'question'"),
        ({"text": "hi"}, None, "format", "holds variables; give the snapshot a prompt"),
        ((Message("user", "hi"),), "{input}", "format", "into which no prompt fits"),
        ({"text": "hi"}, "{{ txet }}", "jinja", "'txet' is undefined"),
        ({"n": 0}, "{{ 1 / n }}", "jinja", "division by zero"),
        ("x", "{{ input.__class__.__mro__ }}", "jinja", "unsafe"),
    ],
)
def test_a_case_that_does_not_fit_says_why(
    asked: CaseInput, prompt: str | None, template: str, expected: str
) -> None:
    with pytest.raises(PromptError, match=expected):
        messages(asked, prompt, template)
