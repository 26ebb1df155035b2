"""Secrets are named in files, filled in from the environment, and never seen again."""

from __future__ import annotations

import pytest

from evalkit.core.secrets import MissingSecretError, Secrets, names_in


def test_a_name_is_filled_in_from_the_environment() -> None:
    secrets = Secrets({"KEY": "s3cret-value\n", "ORG": "acme"})
    assert secrets.filled("Bearer ${env:KEY} for ${env:ORG}") == "Bearer s3cret-value for acme"
    assert secrets.filled("no name ${KEY} $KEY {env:KEY}") == "no name ${KEY} $KEY {env:KEY}"


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}, {"KEY": "  "}])
def test_a_variable_that_is_not_set_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(MissingSecretError, match="variable KEY is not set; export KEY="):
        Secrets(environment).filled("${env:KEY}")


def test_what_was_filled_in_is_blotted_out_of_every_text() -> None:
    secrets = Secrets({"KEY": "s3cret-value", "OTHER": "unused-secret", "SHORT": "abc"})
    secrets.filled("${env:KEY} ${env:SHORT}")
    text = "s3cret-value, unused-secret and abc: s3cret-value"
    assert secrets.redacted(text) == "[redacted], unused-secret and abc: [redacted]"
    assert secrets.redacted_bytes(text.encode()) == secrets.redacted(text).encode()
    assert secrets.redacted("nothing") == "nothing"
    assert secrets.redacted_bytes(b"\xff nothing") == b"\xff nothing"


def test_the_names_of_a_text_are_told_without_their_values() -> None:
    assert list(names_in("${env:A} and ${env:B_2}, not ${env:} or ${env:2}")) == ["A", "B_2"]
