"""An answer becomes sentences of words here: unmasked, without quotations and code.

Everything takes time in proportion to the length of the answer, whatever it holds: words, sentences
and what is remembered of them are bounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from evalkit.core.text import plain_quotes, sentences, without_quotations
from evalkit.scorers.toxicity import emoji, rules
from evalkit.scorers.toxicity.lists import (
    ALIKE_GROUP,
    DESERT,
    INTENT,
    KINDS,
    KINDS_OF_HASHED,
    LINKS,
    NOT,
    REPORTS,
    SELF,
    THEM,
    YOU,
)
from evalkit.scorers.toxicity.phrases import TRIGGERS

LONGEST_SENTENCE = 80
"""Words; what is longer is read in pieces."""

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0900-\u0dff\u0e31-\u0e4e"
_ASCII_TOKEN = re.compile(r"[a-z0-9@$*]{1,24}(?:'[a-z]{1,4})?|[!?]{1,3}")
_TOKEN = re.compile(
    rf"[{emoji.CHARS}{_UNSPACED}]|(?:(?![{_UNSPACED}_])[\w@$*{_MARKS}]){{1,24}}(?:'[a-z]{{1,4}})?|[!?]{{1,3}}"
)
_ANY_EMOJI = re.compile(rf"[{emoji.CHARS}]")
_UNSEEN = str.maketrans("", "", "\ufe0f\u20e3\u200b\u00ad")
_LEET = str.maketrans("013457@$", "oieastas")
_SPACED = re.compile(r"\b[a-z](?: [a-z]){3,}\b")
_REPEATED = re.compile(r"(\w)\1{2,}")
_CODE = re.compile(r"```(?!json).*?(?:```|\Z)", re.DOTALL)
_JSON = re.compile(r"\s*(?:```json\s*)?[{\[]")
_SHAPES = frozenset(
    ["face", "with", "sign", "symbol", "emoji", "of", "and", "the", "black", "white", "heavy"]
)
_CLASSES = {  # the first that holds a word is its class
    "YOU": YOU,
    "GROUP": ALIKE_GROUP,
    "THEM": THEM,
    "NOT": NOT,
    "REPORT": REPORTS,
    "SELF": SELF,
    "INTENT": INTENT | DESERT,
    "LINK": LINKS,
}
_CLASS_OF = {part: name for name, words in reversed(_CLASSES.items()) for part in words}
_SPOKEN_OF = frozenset(["YOU", "GROUP"])


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is read: unmasked, with its kind, its class, and the words of an emoji's name.

    ``kind`` is that of the lists of hurtful words; ``of_class`` is it, or the part the word plays
    beside one, empty where it plays none. ``aside`` is an emoji whose words follow it: they have
    neighbours and a class, it has none.
    """

    text: str
    kind: str = ""
    of_class: str = ""
    trigger: bool = False
    named: tuple[str, ...] = ()
    letters: bool = True
    notable: bool = False
    aside: bool = False


def read(output: str) -> list[list[Word]]:
    """Return the words of each sentence of an answer; code and quotations are left out."""
    text = plain_quotes(output).lower()
    ascii_only = text.isascii()
    if not ascii_only:
        text = emoji.spelled_out(text.translate(_UNSEEN))
    if "```" in text:
        text = _CODE.sub("\n", text)
    text = _SPACED.sub(_joined, text)
    if not _JSON.match(text):  # where the marks quote nobody
        unquoted = without_quotations(text)
        text = unquoted if _TOKEN.search(unquoted) else text
    find = (_ASCII_TOKEN if ascii_only else _TOKEN).findall
    return [
        piece
        for sentence in sentences(text)
        for piece in _pieces([known for known in map(word, find(sentence)) if known is not None])
    ]


def signs(sentence: Sequence[Word]) -> tuple[float, tuple[str, ...]]:
    """Return what the rules say of a sentence, and the names of the signs they see."""
    notable = [known for known in sentence if known.notable]
    if not notable:
        return 0.0, ()
    kinds = any(known.kind or known.named for known in notable)
    triggered = any(known.trigger for known in notable) and (
        len(sentence) <= rules.SHORT_WORDS
        or any(known.of_class in _SPOKEN_OF for known in sentence)
    )
    if not kinds and not triggered:
        return 0.0, ()
    spoken = list(_spoken(sentence))
    texts = [known.text for known in spoken]
    of_kind = {place: known.kind for place, known in enumerate(spoken) if known.kind}
    found = rules.signs(texts, of_kind, phrases=triggered or bool(of_kind))
    return rules.weight(found, texts), tuple(dict(found))


def _spoken(sentence: Sequence[Word]) -> Iterator[Word]:
    for known in sentence:
        if known.aside:
            continue
        if known.named:
            yield from filter(None, map(word, known.named))
        elif known.letters:
            yield known


def _pieces(words: list[Word]) -> Iterator[list[Word]]:
    for start in range(0, len(words), LONGEST_SENTENCE):
        yield words[start : start + LONGEST_SENTENCE]


@lru_cache(maxsize=1 << 16)
def word(token: str) -> Word | None:
    """Return what is known of a token of a text in lower case; of marks alone, nothing."""
    if len(token) == 1 and _ANY_EMOJI.match(token):
        return Word(
            token,
            of_class=emoji.CLASS_OF.get(token, ""),
            named=_name(token),
            letters=False,
            notable=True,
            aside=token in emoji.ASIDE,
        )
    if token[0] in "!?":
        return Word(token, letters=False)
    text = _unmasked(token.strip("*"))
    if not text or not any(map(str.isalnum, text)):
        return None
    kind = KINDS.get(text) or KINDS_OF_HASHED.get(
        sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8], ""
    )
    part = _CLASS_OF.get(text, "")
    trigger = text in TRIGGERS
    return Word(text, kind, kind or part, trigger, notable=bool(kind) or trigger)


def _unmasked(token: str) -> str:
    # 1d10t hides a word; 455 is a number.
    masked = not token.isalpha() and token.islower()
    text = (token.translate(_LEET) if masked else token).removesuffix("'s")
    return _REPEATED.sub(r"\1\1", text)


def _name(char: str) -> tuple[str, ...]:
    name = unicodedata.name(char, "").lower()
    if name.startswith("emoji modifier"):
        return (f"tone{name[-1]}",)
    return tuple(part for part in re.split(r"[ -]", name) if part not in _SHAPES) or ("emoji",)


def _joined(spaced: re.Match[str]) -> str:
    return spaced.group().replace(" ", "")
