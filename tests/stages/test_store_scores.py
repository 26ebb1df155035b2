"""The scores of a run are read as they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.stages.store import SCORES, RunFolder


def test_a_run_that_was_never_judged_has_no_scores(tmp_path: Path) -> None:
    assert list(RunFolder.create(tmp_path).score_lines()) == []


def test_scores_come_line_by_line(tmp_path: Path) -> None:
    (tmp_path / SCORES).write_text('{"id":"a"}\n{"id":"b"}\n')
    assert [line["id"] for line in RunFolder(tmp_path).score_lines()] == ["a", "b"]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_scores_that_were_changed_by_hand_are_an_error_with_its_line(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / SCORES).write_text('{"id":"a"}\n' + text)
    with pytest.raises(SpecError, match=r"scores\.jsonl:2: "):
        list(RunFolder(tmp_path).score_lines())
