"""Options that cannot mean anything are refused where they are made, with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.core.registry import SCORERS


@pytest.mark.parametrize(
    ("scorer", "options", "sentence"),
    [
        ("contains", {"text": ""}, "text: expected a text to look for"),
        ("contains", {"text": ["a", ""]}, "text: expected a text to look for"),
        ("contains", {"text": []}, "text: expected a text to look for"),
        ("contains", {"text": ["refund", " "]}, "text: expected a text to look for"),
        ("regex", {"pattern": ""}, "pattern: expected a regular expression, found an empty one"),
        ("not_contains", {"text": ""}, "text: expected a text to forbid"),
        ("regex", {"pattern": "(a"}, "pattern: expected a regular expression, found '\\(a'"),
        ("regex", {"pattern": "(a)", "group": 2}, "group: expected a group .* found 2"),
        ("regex", {"pattern": "(?P<n>a)", "group": "m"}, "found 'm' \\(it has 0, 1, n\\)"),
        ("numeric", {"abs_tol": -1.0}, "expected 0 or more"),
        ("numeric", {"rel_tol": -0.1}, "expected 0 or more"),
        (
            "numeric",
            {"rel_tol": 5},
            "rel_tol: expected a share below 1, found 5; 0.05 is five percent",
        ),
        ("json_field", {"field": "a", "abs_tol": -1.0}, "expected 0 or more"),
        ("json_field", {"field": "a", "rel_tol": 1.0}, "rel_tol: expected a share below 1"),
        ("choice", {"choices": ["yes"]}, "choices: expected two or more"),
        ("choice", {"choices": ["yes", "YES"]}, "choices: expected two or more"),
        ("choice", {"choices": ["yes", " "]}, "choices: expected two or more"),
        ("schema_valid", {"schema": "{"}, "schema: expected a JSON Schema: not JSON"),
        ("schema_valid", {"schema": "[]"}, "schema: expected a JSON Schema: expected an object"),
        ("schema_valid", {"schema": '{"type": "objekt"}'}, r"\$\.type: 'objekt'"),
        ("schema_valid", {"schema": '{"pattern": "("}'}, r"\$\.pattern"),
        ("schema_valid", {"schema": '{"$schema": "urn:x"}'}, "not known here"),
        ("schema_valid", {"schema": '{"$ref": "#/$defs/a"}'}, "leads nowhere"),
        ("schema_valid", {"schema": '{"$ref": "http://localhost/a"}'}, "leads nowhere"),
        ("schema_valid", {"schema": '{"items": {"$ref": "#/x"}}'}, "leads nowhere"),
    ],
)
def test_a_meaningless_option_is_a_value_error(
    scorer: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        SCORERS.get(scorer).options(**options)
