"""Personal data and secrets are blotted out of a record before anybody writes it down.

What has a form is found by its form: addresses of mail and of machines, numbers of telephones, cards and
accounts. Names, places and what people tell of themselves have none, and stay: this is no anonymisation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice
from typing import TypeAlias

from evalkit.core.mirror_plan import FieldRule, PatternRule, Personal, Rule
from evalkit.core.model import Json
from evalkit.core.secrets import REDACTED, Secrets

KEPT = frozenset(
    [
        *("arm", "created", "fingerprint", "finish_reason", "format_version", "id", "model"),
        *("model_deprecated_at", "model_requested", "request_id", "user"),
    ]
)
"""Fields that hold no text of anybody's, and look like numbers of telephones."""
MEASURED = frozenset(
    [
        *KEPT, "cost_usd", "input_tokens", "latency_ms", "output_tokens", "reasoning_tokens", "ttft_ms",
    ]
)  # fmt: skip
"""What is left of a record without its texts, beside its metadata and the kind of its error."""
_MEASURED_METADATA = frozenset(["cut", "path", "schema", "status", "stream", "trouble"])

Redaction: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Redactor:
    """What is done to every record: ``texts`` says whether its texts are written at all."""

    secrets: Secrets
    texts: bool = True
    redactions: tuple[Redaction, ...] = ()
    fields: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule], secrets: Secrets, *, texts: bool = True) -> Redactor:
        """Return the redactor of some rules; secrets are always blotted out."""
        rules = list(rules)
        forms = [rule for rule in rules if not isinstance(rule, FieldRule)]
        # A card is a number of many digits, and so is a telephone: the one that can be checked goes first.
        forms.sort(key=lambda rule: _ORDER.index(rule) if isinstance(rule, Personal) else -1)
        return cls(
            secrets,
            texts,
            tuple(map(_redaction, forms)),
            tuple(rule.keys for rule in rules if isinstance(rule, FieldRule)),
        )

    def redacted(
        self, record: Mapping[str, Json], credentials: Collection[str] = ()
    ) -> dict[str, Json]:
        """Return a record as it may be written.

        Args:
            record: as ``Recording`` makes it.
            credentials: the caller's own, which an answer may repeat.
        """
        if credentials:
            own = Secrets({})
            for value in credentials:
                own.remember(value)
            record = replace(self, secrets=own, texts=True, redactions=(), fields=()).redacted(
                record
            )
        if not self.texts:
            return {key: self._bare(key, value) for key, value in measured(record).items()}
        found: Json = dict(record)
        for keys in self.fields:
            found = _without(found, keys)
        assert isinstance(found, dict)
        return {key: self._field(key, value) for key, value in found.items()}

    def text(self, text: str) -> str:
        """Return a text without secrets, and without what the rules find."""
        text = self.secrets.redacted(text)
        for redaction in self.redactions:
            text = redaction(text)
        return text

    def _field(self, key: str, value: Json) -> Json:
        if key in KEPT:
            return self._plain(value)
        if key == "error" and isinstance(value, dict):  # its kind is ours, whatever a pattern finds
            return {
                name: item if name == "kind" else self._clean(item) for name, item in value.items()
            }
        return self._clean(value)

    def _clean(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self._clean(item) for key, item in value.items()}
        return value

    def _bare(self, key: str, value: Json) -> Json:
        if key == "metadata" and isinstance(value, dict):
            return {
                name: self._clean(item)
                for name, item in value.items()
                if name in _MEASURED_METADATA
            }
        return self._plain(value)

    def _plain(self, value: Json) -> Json:
        return self.secrets.redacted(value) if isinstance(value, str) else value


def measured(record: Mapping[str, Json]) -> dict[str, Json]:
    """Return what of a record is no text: a refusal is a flag, and an error its kind."""
    found = {key: value for key, value in record.items() if key in MEASURED or key == "metadata"}
    if "refusal" in record:
        found["refusal"] = True
    match record.get("error"):
        case {"kind": str(kind)}:
            found["error"] = {"kind": kind}
    return found


def _without(value: Json, keys: tuple[str, ...]) -> Json:
    """Return a value in which something else stands in the place of a field."""
    if not keys:
        return REDACTED
    first, rest = keys[0], keys[1:]
    if isinstance(value, list) and first == "*":
        return [_without(item, rest) for item in value]
    if isinstance(value, dict):
        return {
            key: _without(item, rest) if first in (key, "*") else item
            for key, item in value.items()
        }
    return value


# ---------------------------------------------------------------- what has a form

_ORDER = (Personal.EMAIL, Personal.IBAN, Personal.CARD, Personal.IP, Personal.PHONE)
_IBAN_LENGTHS = range(15, 35)
_CARD_LENGTHS = range(12, 20)
_PHONE_DIGITS = range(7, 16)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{2}|\d{4})")
_PHONE = re.compile(r"\+\d|\(\+?\d{2,5}\)|0\d|\d{3}[ .-]\d{3}[ .-]\d{4}")
SLICE = 8 * 1024
"""Letters that are searched at a time: between two of them others have their turn."""
_SPACE = re.compile(r"\s")
_NEAR, _TRIES = 256, 16


@dataclass(frozen=True, slots=True)
class _Form:
    """How one kind of data looks: a pattern that finds too much, and what of a find is meant.

    Patterns begin with a set of letters, which is searched for ten times as fast as anything else, and
    each place of a text can be tried in few ways. ``there`` says cheaply whether a text can hold one.
    """

    pattern: re.Pattern[str]
    meant: Callable[[str], int]
    there: Callable[[str], bool] = bool
    before: str = r"\w"
    after: str = r"\w"


def _redaction(rule: Personal | PatternRule) -> Redaction:
    if isinstance(rule, PatternRule):
        pattern, instead = re.compile(rule.pattern), rule.instead
        return lambda text: _in_slices(text, lambda part: pattern.sub(lambda _: instead, part))
    forms = [(form, re.compile(form.before), re.compile(form.after)) for form in _FORMS[rule]]

    def cleaned(part: str) -> str:
        for form, before, after in forms:
            if form.there(part):
                part = form.pattern.sub(_written(f"[{rule}]", form.meant, before, after), part)
        return part

    return lambda text: _in_slices(text, cleaned)


def _written(
    instead: str, meant: Callable[[str], int], before: re.Pattern[str], after: re.Pattern[str]
) -> Callable[[re.Match[str]], str]:
    """Return what writes something in the place of a find, unless it is a part of a longer word."""

    def written(found: re.Match[str]) -> str:
        text, start = found.string, found.start()
        length = 0
        if not start or not before.match(text, start - 1):
            length = meant(found[0])
        if not length or after.match(text, start + length):
            return found[0]
        return instead + found[0][length:]

    return written


def _in_slices(text: str, cleaned: Redaction) -> str:
    """Return a text cleaned in pieces that end at a space, where there is one near their end."""
    parts, start = [], 0
    while len(text) - start > SLICE:
        end = _end_near(text, start + SLICE, cleaned)
        parts.append(cleaned(text[start:end]))
        start = end
    return "".join([*parts, cleaned(text[start:])])


def _end_near(text: str, end: int, cleaned: Redaction) -> int:
    """Return the end of a piece: behind a space that stands in nothing that is blotted out, as those in numbers do."""
    at = end
    for space in islice(_SPACE.finditer(text, end - 512, end), _TRIES):
        at = space.end()
        before, behind = text[at - _NEAR : at], text[at : at + _NEAR]
        if cleaned(before + behind) == cleaned(before) + cleaned(behind):
            break
    return at


def _card(text: str) -> int:
    """Return how much of a text is the number of a card: it passes the check of Luhn.

    >>> _card("4111 1111 1111 1111"), _card("4111 1111 1111 1112")
    (19, 0)
    """
    digits = [int(letter) for letter in text if letter.isdecimal()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    holds = len(digits) in _CARD_LENGTHS and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    return len(text) if holds else 0


def _iban(text: str) -> int:
    """Return how much of a text is the number of an account: it passes the check of ISO 7064, modulo 97.

    >>> _iban("DE89 3704 0044 0532 0130 00"), _iban("GB82 WEST 1234 5698 7654 32 from"), _iban("DE12 3456 7890 1234")
    (27, 27, 0)
    """
    for end in range(len(text), _IBAN_LENGTHS.start - 1, -1):
        if end < len(text) and text[end].isalnum():
            continue  # a word behind it was taken for a part
        plain = text[:end].replace(" ", "").replace("-", "").upper()
        number = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
        if len(plain) in _IBAN_LENGTHS and int(number) % 97 == 1:
            return end
    return 0


def _address(text: str) -> int:
    """Return how much of a text is the address of a machine.

    >>> _address("10.0.0.1"), _address("2001:db8::1"), _address("12:30:45"), _address("1.2.3.456")
    (8, 11, 0, 0)
    """
    try:
        ip_address(text)
    except ValueError:
        return 0
    return len(text)


def _phone(text: str) -> int:
    """Return how much of a text is the number of a telephone: by how it begins, and its digits.

    >>> _phone("+49 (0)30 901820 "), _phone("1234567"), _phone("06.10.2026"), _phone("555-123-4567 ")
    (16, 0, 0, 12)
    """
    plain = text.rstrip(" ./(-")
    digits = sum(letter.isdecimal() for letter in plain)
    holds = digits in _PHONE_DIGITS and _PHONE.match(plain) and not _DATE.match(plain)
    return len(plain) if holds else 0


def _holds(digits: int) -> Callable[[str], bool]:
    """Return what says whether a text has so many digits; counting is ten times as fast as searching."""
    return lambda text: sum(map(text.count, "0123456789")) >= digits


_FORMS: Mapping[Personal, tuple[_Form, ...]] = {
    Personal.EMAIL: (
        _Form(
            re.compile(
                r"(?<![\w.+'-])[\w.+'-]{1,128}(?:@|%40)(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_]{2,24}"
            ),
            len,
            lambda text: "@" in text or "%40" in text,
        ),
    ),
    Personal.IBAN: (
        _Form(
            re.compile(r"[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?"),
            _iban,
            _holds(2),
        ),
    ),
    Personal.CARD: (
        _Form(re.compile("[1-9](?:[ -]?[0-9]){11,18}"), _card, _holds(_CARD_LENGTHS.start), r"[\w.]", r"\w"),
    ),
    Personal.IP: (
        _Form(
            re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"),
            _address, lambda text: text.count(".") > 2 and _holds(4)(text), r"[\w.]", r"\w|\.[0-9]",
        ),
        _Form(
            re.compile(r"[0-9a-f:](?:[0-9a-f]{0,4}:){1,7}[0-9a-f]{0,4}", re.IGNORECASE),
            _address, lambda text: text.count(":") > 1, r"[\w:]", r"[\w:]",
        ),
    ),
    Personal.PHONE: (
        _Form(
            re.compile(r"[+(0-9][0-9 ./()-]{5,24}"),
            _phone, _holds(_PHONE_DIGITS.start), r"[\w+.,:/-]", r"\w|[.,:][0-9]",
        ),
    ),
}  # fmt: skip
