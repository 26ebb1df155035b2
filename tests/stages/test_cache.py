"""Answers that were paid for: kept at once, for everything that decides them, by many processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.core.errors import MeasurementError, UsageError
from evalkit.core.model import Arm, Sample
from evalkit.core.ports import Memory, Request
from evalkit.stages.cache import AnswerCache, CacheSize, Forgetful
from tests.fakes.providers import answered, request


def test_an_answer_is_found_again_by_whoever_asks_the_same(tmp_path: Path) -> None:
    asked = request(1)
    sample = answered(asked, latency_ms=12.5, model="m-1", extra={"tier": "x"})
    with AnswerCache(tmp_path / "a.sqlite3") as cache:
        memory = cache.of("openai", "m", since=0.0)
        assert memory.recall("body", asked) is None
        memory.keep("body", asked, sample)
        assert memory.recall("body", asked) == sample
    with AnswerCache(tmp_path / "a.sqlite3") as cache:
        other = Request(Arm.BASELINE, request(9).case, asked.index)
        found = cache.of("openai", "m", since=0.0).recall("body", other)
    assert isinstance(found, Sample)
    assert (found.case_id, found.arm, found.output) == ("c9", Arm.BASELINE, "yes")


@pytest.mark.parametrize(
    ("provider", "model", "identity", "index"),
    [
        ("azure", "m", "body", 0),
        ("openai", "m-2", "body", 0),
        ("openai", None, "body", 0),
        ("openai", "m", "another body", 0),
        ("openai", "m", "body", 1),
    ],
)
def test_whatever_decides_an_answer_tells_it_from_others(
    tmp_path: Path, provider: str, model: str | None, identity: str, index: int
) -> None:
    with AnswerCache(tmp_path / "a.sqlite3") as cache:
        asked = request(1)
        cache.of("openai", "m", since=0.0).keep("body", asked, answered(asked))
        other = cache.of(provider, model, since=0.0)
        assert other.recall(identity, request(1, index=index)) is None


def test_an_answer_that_is_too_old_is_asked_for_again(tmp_path: Path) -> None:
    now = [1000.0]
    with AnswerCache(tmp_path / "a.sqlite3", clock=lambda: now[0]) as cache:
        asked = request(1)
        cache.of("p", "m", since=0.0).keep("body", asked, answered(asked))
        assert cache.of("p", "m", since=1000.0).recall("body", asked) is not None
        assert cache.of("p", "m", since=1000.1).recall("body", asked) is None
        now[0] = 2000.0
        cache.of("p", "m", since=1500.0).keep("body", asked, answered(asked, output="new"))
        found = cache.of("p", "m", since=0.0).recall("body", asked)
    assert found is not None
    assert found.output == "new"


@pytest.mark.parametrize("record", ["{", '{"latency_ms":-1}', "[]", "{}"])
def test_a_record_of_another_version_is_asked_for_again(tmp_path: Path, record: str) -> None:
    asked = request(1)
    with AnswerCache(tmp_path / "a.sqlite3") as cache:
        memory = cache.of("p", "m", since=0.0)
        memory.keep("body", asked, answered(asked))
        with sqlite3.connect(cache.path, isolation_level=None) as other:
            other.execute("UPDATE answers SET record = ?", (record,))
        other.close()
        assert memory.recall("body", asked) is None


def test_texts_that_no_encoding_has_a_word_for_are_told_apart(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a.sqlite3") as cache:
        memory, asked = cache.of("p", "m", since=0.0), request(1)
        memory.keep("half a pair \ud800", asked, answered(asked))
        assert memory.recall("half a pair \ud800", asked) is not None
        assert memory.recall("half a pair \ud801", asked) is None


def test_sizes_are_told_by_model_and_old_answers_can_be_forgotten(tmp_path: Path) -> None:
    now = [100.0]
    with AnswerCache(tmp_path / "a.sqlite3", clock=lambda: now[0]) as cache:
        for number in range(3):
            now[0] += 1
            cache.of("p", "m", since=0.0).keep(
                "body", request(0, index=number), answered(request(0))
            )
        cache.of("o", None, since=0.0).keep("body", request(0), answered(request(0)))
        length = len('{"output":"yes","attempts":1}\n')
        assert cache.sizes() == [
            CacheSize("o", "", 1, length, 103.0),
            CacheSize("p", "m", 3, 3 * length, 101.0),
        ]
        assert cache.prune(102.5) == 2
        assert [size.answers for size in cache.sizes()] == [1, 1]


def test_a_new_folder_of_answers_stays_out_of_git(tmp_path: Path) -> None:
    AnswerCache(tmp_path / ".evalkit" / "a.sqlite3").close()
    assert (tmp_path / ".evalkit" / ".gitignore").read_text() == "*\n"
    AnswerCache(tmp_path / "a.sqlite3").close()
    assert not (tmp_path / ".gitignore").exists()


def test_a_file_that_is_no_cache_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, and no database at all\n" * 99)
    with pytest.raises(UsageError, match="no cache of answers"):
        AnswerCache(path)
    assert path.read_text().startswith("these are my notes")


def test_a_cache_of_another_layout_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(UsageError, match="layout 99, expected 2"):
        AnswerCache(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be opened"):
        AnswerCache(tmp_path / "file" / "a.sqlite3")
    with pytest.raises(UsageError, match="cannot be opened"):
        AnswerCache(tmp_path)


def test_an_answer_that_cannot_be_kept_is_no_answer_to_go_on_from(tmp_path: Path) -> None:
    asked = request(1)
    with AnswerCache(tmp_path / "a.sqlite3") as cache:
        with sqlite3.connect(cache.path) as other:
            other.execute("DROP TABLE answers")
        other.close()
        with pytest.raises(
            MeasurementError, match=r"a\.sqlite3: an answer could not be kept: no such"
        ):
            cache.of("p", "m", since=0.0).keep("body", asked, answered(asked))


WRITER = """
import sys
from pathlib import Path
from evalkit.stages.cache import AnswerCache
from tests.fakes.providers import answered, request
with AnswerCache(Path(sys.argv[1])) as cache:
    memory = cache.of("p", "m", since=0.0)
    for number in range(200):
        memory.keep(f"{sys.argv[2]} {number}", request(number), answered(request(number)))
"""


def test_several_processes_may_write_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, name]) for name in ("one", "two", "three")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    with AnswerCache(path) as cache:
        assert [size.answers for size in cache.sizes()] == [600]


def test_a_memory_without_one_has_nothing_even_of_what_it_was_told() -> None:
    memory: Memory = Forgetful()
    asked = request(1)
    memory.keep("body", asked, answered(asked))
    assert memory.recall("body", asked) is None
