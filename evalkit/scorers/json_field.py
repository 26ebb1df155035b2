"""Is one field of a JSON answer what the reference says?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalkit.core.model import ABSENT, Absent, Json
from evalkit.core.text import folded, json_part
from evalkit.features.answers import refuse_tolerances
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """Which field is compared, with what, and how strictly.

    Attributes:
        field: where the field stands in the answer: names and list positions (from 0) joined by
            dots, `items.0.price`, or a JSON pointer, `/items/0/price`. Empty, the whole answer.
        reference_field: where its right value stands inside the reference, in the same form;
            left out, the reference itself is the right value.
        abs_tol: numbers may differ from the reference by this much.
        rel_tol: or by this share of the reference; 0.01 is one percent.
        ignore_case: compare texts without regard to upper and lower case.
        fenced: read the JSON inside a ```` ```json ```` block too; switch it off where the caller
            parses the whole answer.
    """

    field: str
    reference_field: str | None = None
    abs_tol: float = 0.0
    rel_tol: float = 1e-9
    ignore_case: bool = False
    fenced: bool = True

    def __post_init__(self) -> None:
        """Refuse tolerances that no number could meet, or every one.

        Raises:
            ValueError: a tolerance is negative, or takes 0 for the number whatever it is.
        """
        refuse_tolerances(self.abs_tol, self.rel_tol)


_CITY = '{"city": "Paris", "stops": [{"km": 3.0}]}'


@scorer(
    "json_field",
    values=[Value("right", Kind.RATE, labels=("right", "wrong"))],
    options=Options,
    needs_reference=True,
    examples=[
        Example(_CITY, (1.0,), reference="Paris", options={"field": "city"}),
        Example(_CITY, (1.0,), reference=3, options={"field": "stops.0.km"}),
        Example(_CITY, (1.0,), reference=3, options={"field": "/stops/0/km"}),
        Example(
            _CITY,
            (1.0,),
            reference={"where": "paris"},
            options={"field": "city", "reference_field": "where", "ignore_case": True},
        ),
        Example(_CITY, (0.0,), reference="Paris", options={"field": "town"}, note="no such field"),
        Example("city: Paris", (0.0,), reference="Paris", options={"field": "city"}),
        Example(
            'Sure!\n```json\n{"city": "Paris"}\n```',
            (1.0,),
            reference="Paris",
            options={"field": "city"},
        ),
        Example(
            '```json\n{"city": "Paris"}\n```',
            (0.0,),
            reference="Paris",
            options={"field": "city", "fenced": False},
        ),
        Example(
            '{"n": "3"}', (0.0,), reference=3, options={"field": "n"}, note="text is no number"
        ),
        Example('{"ok": true}', (0.0,), reference=1, options={"field": "ok"}, note="true is not 1"),
        Example(
            _CITY,
            ("no reference_field",),
            reference={"where": "Paris"},
            options={"field": "city", "reference_field": "there"},
        ),
    ],
)
def json_field(case: Case, sample: Sample, options: Options) -> Score | Unscored:
    """Compares one field of a JSON answer with the reference: 1 = equal, 0 = different.

    An answer that is not JSON, and a field that is not there, count 0. Lists and objects are
    equal when every part is; the order of keys does not matter, that of a list does.
    """
    assert case.reference is not ABSENT
    assert sample.output is not None
    wanted = _inside(case.reference, options.reference_field or "")
    if wanted is ABSENT:
        return Unscored("no reference_field")
    try:
        answer = parse_json(json_part(sample.output) if options.fenced else sample.output)
    except JsonTextError as error:
        return Score((0.0,), detail=f"no JSON: {error}")
    found = _inside(answer, options.field)
    if found is ABSENT:
        return Score((0.0,), detail=f"no field {options.field!r}")
    return Score((float(_same(found, wanted, options)),), detail=f"found {str(found)[:80]!r}")


def _inside(value: Json, path: str) -> Json | Absent:
    for part in _parts(path):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def _parts(path: str) -> list[str]:
    if path.startswith("/"):
        return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    return path.split(".") if path else []


def _same(found: Json, wanted: Json, options: Options) -> bool:
    match found, wanted:
        case (bool(), _) | (_, bool()) | (None, _) | (_, None):
            return found is wanted
        case (int() | float(), int() | float()):
            margin = max(options.abs_tol, options.rel_tol * abs(wanted))
            return math.isclose(found, wanted, rel_tol=0, abs_tol=margin)
        case (str(), str()):
            return folded(found, ignore_case=options.ignore_case) == folded(
                wanted, ignore_case=options.ignore_case
            )
        case (list(), list()):
            return len(found) == len(wanted) and all(
                _same(one, other, options) for one, other in zip(found, wanted, strict=True)
            )
        case (dict(), dict()):
            return found.keys() == wanted.keys() and all(
                _same(found[key], wanted[key], options) for key in wanted
            )
    return False
