"""What is told beside an answer has one form, and cannot become another header."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from evalkit.core.mirror_edge import Checked, Finding
from evalkit.core.mirror_metadata import SnapshotFacts, header_value_fault, instant, moment_text
from evalkit.core.told import told_by_headers, told_by_metadata

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def test_everything_that_is_known_of_a_snapshot_is_told_in_headers_and_fields() -> None:
    facts = SnapshotFacts("m-1", "2.1", NEW_YEAR, NEW_YEAR + timedelta(days=13))
    assert facts.headers() == (
        ("model-snapshot", "m-1"),
        ("format-version", "2.1"),
        ("model-deprecated-at", "2027-01-01T00:00:00Z"),
        ("deprecation", "@1798761600"),
        ("sunset", "Thu, 14 Jan 2027 00:00:00 GMT"),
    )
    assert facts.fields() == {
        "model_snapshot": "m-1",
        "format_version": "2.1",
        "model_deprecated_at": "2027-01-01T00:00:00Z",
    }


def test_what_nobody_knows_is_not_told() -> None:
    assert SnapshotFacts().headers() == ()
    assert SnapshotFacts().fields() == {}


def test_a_snapshot_that_only_retires_is_deprecated_by_then_at_the_latest() -> None:
    told = dict(SnapshotFacts(retires_at=NEW_YEAR).headers())
    assert told == {
        "model-deprecated-at": "2027-01-01T00:00:00Z",
        "sunset": "Fri, 01 Jan 2027 00:00:00 GMT",
    }


def test_what_is_told_is_read_back() -> None:
    for facts in (
        SnapshotFacts("m-1", "2.1", NEW_YEAR),
        SnapshotFacts("m-1", "2.1", None, NEW_YEAR),
    ):
        headers = dict(facts.headers())
        expected = {"model": "m-1", "format_version": "2.1"}
        whole = {**expected, "model_deprecated_at": "2027-01-01T00:00:00Z"}
        assert told_by_headers(headers) == whole
        assert told_by_metadata(dict(facts.fields())) == whole
        del headers["model-deprecated-at"]
        standard = {**expected, "model_deprecated_at": "2027-01-01T00:00:00+00:00"}
        assert told_by_headers(headers) == standard


def test_what_says_nothing_is_not_read() -> None:
    assert told_by_headers({"deprecation": "true", "sunset": "soon"}) == {}
    assert told_by_metadata("m-1") == {}
    assert told_by_metadata({"model_snapshot": 3, "format_version": ""}) == {}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-01", NEW_YEAR),
        ("2027-01-01T00:00:00Z", NEW_YEAR),
        ("2027-01-01T02:00:00+02:00", NEW_YEAR),
    ],
)
def test_a_day_begins_in_utc_and_a_moment_has_an_offset(text: str, moment: datetime) -> None:
    assert instant(text) == moment
    assert instant(text).utcoffset() == timedelta()


@pytest.mark.parametrize(
    "text", ["soon", "2027-13-01", "2027-01-01T00:00:00", "0001-01-01T00:00:00+01:00", "20270101"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        instant(text)


def test_a_moment_is_written_in_utc() -> None:
    there = datetime(2027, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert moment_text(there) == "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "text", ["m\r\nset-cookie: a=b", "", " m", "m ", "modèle", "m\x00", "m" * 301]
)
def test_what_would_become_another_header_is_no_value(text: str) -> None:
    assert header_value_fault(text)


def test_findings_say_what_is_wrong_in_a_sentence() -> None:
    assert Finding(Checked.VALID).sound
    assert Finding(Checked.SKIPPED).sound
    assert not Finding(Checked.SKIPPED).sentence
    for checked in (Checked.VIOLATED, Checked.NOT_JSON, Checked.TOO_LONG):
        finding = Finding(checked, "$.a", "type")
        assert not finding.sound
        refused = finding.refused()
        assert (refused.status, refused.code) == (502, "schema_violation")
        assert refused.message == finding.sentence
        assert refused.message
