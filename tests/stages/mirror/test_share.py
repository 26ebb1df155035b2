"""Whatever is wrong with a state, nobody is given the candidate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.mirror_plan import Share
from evalkit.stages.canary.remember import SCHEMA as WRITTEN
from evalkit.stages.mirror.share import SCHEMA, share_of

SOUND: dict[str, Any] = {"schema": SCHEMA, "run": "m-2", "share": 0.05, "memory": {}}


def test_it_reads_what_the_canary_writes() -> None:
    assert SCHEMA == WRITTEN
    assert share_of(json.dumps(SOUND)) == Share(0.05, "m-2")
    assert share_of(json.dumps({**SOUND, "share": 1})) == Share(1.0, "m-2")
    assert share_of(json.dumps({**SOUND, "share": 0})) == Share(0.0, "m-2")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "0.5", '{"share": 1}', "\x00" * 40,
        *(json.dumps({**SOUND, "share": value}) for value in (None, True, "1", -0.01, 1.01, 1e300, [1])),
        json.dumps({**SOUND, "share": float("nan")}), json.dumps({**SOUND, "share": float("inf")}),
        json.dumps({**SOUND, "run": ""}), json.dumps({**SOUND, "run": None}),
        json.dumps({**SOUND, "schema": "evalkit.canary-state/2"}),
        json.dumps(SOUND).replace('"share": 0.05', '"share": 0.05, "share": 1'),
    ],
)  # fmt: skip
def test_garbage_is_a_share_of_zero_and_says_why(text: str) -> None:
    found = share_of(text)
    assert found.value == 0.0
    assert found.trouble


@given(st.data())
def test_a_state_that_is_cut_or_damaged_anywhere_gives_nobody_more_than_it_said(
    data: st.DataObject,
) -> None:
    text = json.dumps(SOUND)
    cut = data.draw(st.integers(0, len(text) - 1))
    assert share_of(text[:cut]).value == 0.0
    assert share_of("\x00" * cut + text[cut:]).value in {0.0, 0.05}
