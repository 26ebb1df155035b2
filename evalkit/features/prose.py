"""How a text is written is counted here: whom it speaks of, how formal and how hard to read it is.

The words are English; of a text in another language they say little. Fenced code is no prose.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import filterfalse

from evalkit.core.text import plain_quotes, sentences
from evalkit.features.markdown import without_code

EASIEST = 100.0
"""The best reading ease; a text of words of one syllable would be beyond it."""

_APART = {n: " " for n in range(128) if not (chr(n).isalpha() or chr(n) == "'")}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_EXCLAIMED = re.compile(r"[!！¡]+(?![=\w])")
_ASKED = re.compile(r"[?？؟]+(?!\w)")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^laeiouy]e|[^aeiouytd]ed|(?<![sxz])(?<!ch)(?<!sh)(?<!g)(?<!c)es)$")


def words(text: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(text.split())


def _with_verbs(pronouns: str, *subjects: str) -> frozenset[str]:
    joined = (f"{who}'{verb}" for who in subjects for verb in ("m", "re", "s", "ve", "ll", "d"))
    return frozenset([*pronouns.split(), *joined])


# Only the capital I is the pronoun, and US a country: see _lowered.
_FIRST = _with_verbs("i me my mine myself we us our ours ourselves", "i", "we")
_SECOND = _with_verbs("you your yours yourself yourselves", "you")
_THIRD = _with_verbs(
    "he him his himself she her hers herself they them their theirs themselves it its itself",
    *("he", "she", "it", "they"),
)
_ARTICLES = words("the a an")
_PREPOSITIONS = words(
    "about above across after against along among around at before behind below beneath beside "
    "between beyond by concerning despite down during except for from in inside into like near of "
    "off on onto outside over past per regarding since through throughout to toward towards under "
    "underneath until upon via with within without"
)
_INTERJECTIONS = words(
    "ah aha alright aw awesome cool gee gosh haha hey hi hello hmm hooray huh lol oh oops ok okay "
    "ouch ugh uh um wow yay yeah yep yes yikes yup nope"
)
_INFORMAL = words(
    "really very just so actually basically totally super pretty stuff thing things lot lots kinda "
    "sorta gonna wanna gotta dunno guys folks"
)
_HEDGES = words(
    "almost apparently appear appears approximately arguably around assume assumes believe broadly "
    "conceivably could doubtful essentially estimate fairly frequently generally guess hopefully "
    "largely likely mainly may maybe might mostly normally occasionally often ostensibly perhaps "
    "plausibly plausible possible possibly potentially presumably presume probable probably quite "
    "rather roughly seem seemed seemingly seems sometimes somewhat suggest suggested suggests "
    "supposedly suspect tend tends think typically uncertain unlikely unsure usually"
)
_ENDINGS = ("n't", "'re", "'ve", "'ll", "'m", "'d")
_NOBODY = frozenset({"US", "i"})
# The 's of these is a verb; that of any other word may be a possessive.
_IS = words("he's she's it's that's what's who's where's there's here's how's when's why's let's")


@dataclass(frozen=True, slots=True)
class Prose:
    """The counts that the measures of style are made of."""

    words: int
    sentences: int
    syllables: int
    contractions: int
    first_person: int
    second_person: int
    hedges: int
    formal: int
    informal: int
    exclamations: int
    questions: int
    latin: bool

    def per_100_words(self, count: int) -> float:
        """Return a count per hundred words.

        Raises:
            ZeroDivisionError: there are no words.
        """
        return 100.0 * count / self.words

    @property
    def sentence_words(self) -> float:
        """The mean number of words of a sentence.

        Raises:
            ZeroDivisionError: there are no words.
        """
        return self.words / max(1, self.sentences)

    @property
    def formality(self) -> float:
        """The share of formal marks among the formal and informal ones, drawn towards a half.

        One of each is added, so that a text without a mark lies in the middle. After Heylighen and
        Dewaele (1999), by the closed classes alone: articles and prepositions are formal, pronouns,
        interjections, contractions and fillers are not.
        """
        return (self.formal + 1) / (self.formal + self.informal + 2)

    @property
    def reading_ease(self) -> float:
        """Flesch's reading ease (1948), cut at 0 and 100; higher is easier.

        Raises:
            ZeroDivisionError: there are no words.
        """
        ease = 206.835 - 1.015 * self.sentence_words - 84.6 * self.syllables / self.words
        return min(EASIEST, max(0.0, ease))


def prose(text: str) -> Prose:
    """Return the counts of a text.

    >>> found = prose("I can't say. You might ask the owner of the house!")
    >>> found.words, found.sentences, found.contractions, found.hedges, found.exclamations
    (11, 2, 1, 1, 1)
    """
    plain = plain_quotes(without_code(text))
    counts = _counts(plain)
    lower = _lowered(counts)
    contracted = _contracted(lower) if "'" in plain else 0
    first, second = _of(lower, _FIRST), _of(lower, _SECOND)
    informal = _of(lower, _THIRD) + _of(lower, _INTERJECTIONS) + _of(lower, _INFORMAL)
    return Prose(
        words=counts.total(),
        sentences=len(sentences(plain)),
        syllables=sum(map(int.__mul__, map(syllables, lower), lower.values())),
        contractions=contracted,
        first_person=first,
        second_person=second,
        hedges=_of(lower, _HEDGES),
        formal=_of(lower, _ARTICLES) + _of(lower, _PREPOSITIONS),
        informal=first + second + informal + contracted,
        exclamations=len(_EXCLAIMED.findall(plain)) if not _calm(plain) else 0,
        questions=len(_ASKED.findall(plain)) if "?" in plain or not plain.isascii() else 0,
        latin=plain.isascii() or _is_latin(plain),
    )


@lru_cache(maxsize=1 << 15)
def syllables(word: str) -> int:
    """Return about how many syllables an English word has: its groups of vowels, less silent ones.

    >>> [syllables(word) for word in ("make", "table", "walked", "wanted", "reasonable", "the")]
    [1, 2, 1, 2, 4, 1]
    """
    word = word[:40].partition("'")[0]
    count = len(_VOWELS.findall(word))
    if count > 1 and word[-1] in "eds" and _SILENT.search(word):
        count -= 1
    return max(1, count)


def _counts(plain: str) -> Counter[str]:
    """Return how often each word stands in a text; one of ASCII alone is split, which is faster."""
    if not plain.isascii() or "''" in plain:
        return Counter(_WORD.findall(plain))
    counts = Counter(plain.translate(_APART).split())
    if "'" in plain:
        for quoted in [word for word in counts if word[0] == "'" or word[-1] == "'"]:
            count = counts.pop(quoted)
            if word := quoted.strip("'"):
                counts[word] += count
    return counts


def _lowered(counts: Counter[str]) -> Counter[str]:
    """Return the counts of words in lower case, without what only looks like a pronoun.

    "US" is a country, and the i of "i.e." or of a list is nobody.
    """
    for nobody in _NOBODY & counts.keys():
        counts[f"{nobody}."] = counts.pop(nobody)
    for word in [*filterfalse(str.islower, counts)]:
        count = counts.pop(word)
        counts[word.lower()] += count
    return counts


def _contracted(lower: Mapping[str, int]) -> int:
    words = [word for word in lower if "'" in word]
    return sum([lower[word] for word in words if word in _IS or word.endswith(_ENDINGS)])


def _of(lower: Mapping[str, int], among: frozenset[str]) -> int:
    return sum([lower[word] for word in among & lower.keys()])


def _calm(text: str) -> bool:
    return "!" not in text and (text.isascii() or "！" not in text)


def _is_latin(text: str) -> bool:
    """Return whether most letters are those of Western Europe."""
    letters = [char for char in text[:2000] if char.isalpha()]
    return 2 * sum(char < "\u0250" for char in letters) >= len(letters)
