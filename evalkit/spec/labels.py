"""A file of labels becomes what people said of which answer: JSONL or CSV, every problem at once."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.core.envelope import Kind, Support
from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import Json
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.files.text import file_name, numbered_lines, raw_lines
from evalkit.spec.words import shown

LABEL = "label"
ONE_RATER = "1"
"""What whoever labelled is called where nobody says."""

MANY_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of an answer; ``value`` is ``None`` where it was taken back.

    ``snapshot`` is an arm or another name, where the file says one; ``text`` the answer itself.
    ``drawn_by`` is the scorer by whose verdicts the answer was chosen to be labelled.
    """

    place: Place
    case_id: str
    index: int
    rater: str
    value: float | None
    snapshot: str | None = None
    text: str | None = None
    drawn_by: str | None = None


@dataclass(slots=True)
class LabelReader:
    """Reads files of labels; problems are noted while reading goes on.

    ``key`` is where a label stands in a line, with a dot between the keys of what is nested.
    """

    kind: Kind
    support: Support
    key: str
    problems: list[Problem]

    def labels(self, path: Path, *, snapshot: str | None = None) -> Iterator[Said]:
        """Yield what a file says; ``snapshot`` is whose answers all of it is about.

        A line with an output and without a label is an answer that nobody labelled.
        """
        try:
            for row, place in _rows(path):
                if len(self.problems) > MANY_PROBLEMS:
                    return
                if isinstance(row, str):
                    self.problems.append(Problem(place, row))
                elif (said := self._said(row, place, snapshot)) is not None:
                    yield said
        except SpecError as error:
            self.problems.extend(error.problems)

    def _said(self, row: Mapping[str, Json], place: Place, snapshot: str | None) -> Said | None:
        case_id, index = row.get("id"), row.get("sample", 0)
        named = row.get("arm", row.get("snapshot", snapshot)) if snapshot is None else snapshot
        wrong = None
        if not isinstance(case_id, str) or not case_id:
            wrong = f"expected id to be text, found {shown(case_id)}"
        elif not isinstance(index, int) or isinstance(index, bool) or index < 0:
            wrong = f"expected sample to be a whole number from 0, found {shown(index)}"
        elif not isinstance(named, str | None):
            wrong = f"expected arm to be text, found {shown(named)}"
        if wrong is not None:
            self.problems.append(Problem(place, wrong))
            return None
        assert isinstance(case_id, str)
        assert isinstance(index, int)
        assert isinstance(named, str | None)
        text, by = row.get("output"), row.get("scorer")
        undone = row.get("undone") is True
        found = None if undone else _inside(row, self.key)
        if not undone and found is None:
            if not isinstance(text, str):
                self.problems.append(Problem(place, f"expected {self.key}, found none"))
            return None
        value = None if undone else self._value(found, place)
        if value is None and not undone:
            return None
        return Said(
            place, case_id, index, str(row.get("rater", ONE_RATER)), value, named,
            text if isinstance(text, str) else None, by if isinstance(by, str) else None,
        )  # fmt: skip

    def _value(self, given: Json, place: Place) -> float | None:
        """Return a label as a number, or nothing after noting why it is none."""
        low, high = self.support.lower, self.support.upper
        value = _number(given)
        sound = value in {0.0, 1.0} if self.kind is Kind.RATE else low <= value <= high
        if sound:
            return value
        wanted = "0 or 1" if self.kind is Kind.RATE else f"a number from {low:g} to {high:g}"
        self.problems.append(
            Problem(place, f"expected {self.key} to be {wanted}, found {shown(given)}")
        )
        return None


def _number(given: Json) -> float:
    """Return a JSON number, true or false, or the number in a text; no number where it is none."""
    if isinstance(given, (bool, int, float)):
        return float(given)
    try:
        return float(given) if isinstance(given, str) else math.nan
    except ValueError:
        return math.nan


def _inside(row: Mapping[str, Json], key: str) -> Json:
    """Return the value of a dotted key; nothing where there is none."""
    found: Json = dict(row)
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _rows(path: Path) -> Iterator[tuple[Mapping[str, Json] | str, Place]]:
    """Yield the lines of a file, or what is wrong with them, each with its place."""
    name = file_name(path)
    if str(path).removesuffix(".gz").endswith(".csv"):
        yield from _csv_rows(path)
        return
    for line in numbered_lines(path):
        place = Place(name, line.number)
        try:
            data = parse_json(line.text)
        except JsonTextError as error:
            yield str(error), place
            continue
        yield data if isinstance(data, dict) else f"expected an object, found {shown(data)}", place


def _csv_rows(path: Path) -> Iterator[tuple[Mapping[str, Json] | str, Place]]:
    name = file_name(path)
    table = csv.reader((line.text for line in raw_lines(path)), strict=True)
    heads: list[str] = []
    try:
        for cells in table:
            place = Place(name, table.line_num)
            if not heads:
                heads = [cell.strip() for cell in cells]
                if "id" not in heads:
                    named = shown(", ".join(heads))
                    yield (
                        f"expected columns with commas between them, id among them, found {named}",
                        place,
                    )
                    return
            elif len(cells) != len(heads):
                if cells:
                    yield f"expected {len(heads)} columns, found {len(cells)}", place
            else:
                row: dict[str, Json] = {
                    key: cell for key, cell in zip(heads, cells, strict=True) if cell
                }
                if isinstance(index := row.get("sample"), str) and index.isdecimal():
                    row["sample"] = int(index)
                yield row, place
    except csv.Error as error:
        yield f"not CSV: {error}", Place(name, table.line_num)
