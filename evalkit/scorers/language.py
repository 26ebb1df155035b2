"""In which language is the answer, and is it the one it should be in?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.core.model import CaseInput
from evalkit.features.language import LANGUAGES, UNKNOWN
from evalkit.features.language import language as language_of
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

PROMPT = "prompt"
_GERMAN = "Wie lange muss ich das Ei kochen, damit es hart ist?"


@dataclass(frozen=True, slots=True)
class Options:
    """Which language the answer should be in.

    Attributes:
        expected: `prompt` for that of the prompt, or a code of ISO 639-1 such as `fr`.
    """

    expected: str = PROMPT

    def __post_init__(self) -> None:
        """Refuse a language that cannot be told.

        Raises:
            ValueError: it is none of the known ones.
        """
        if self.expected not in {PROMPT, *LANGUAGES}:
            raise ValueError(
                f"expected: expected {PROMPT} or one of {', '.join(LANGUAGES)}, "
                f"found {self.expected!r}"
            )


@scorer(
    "language",
    values=[
        Value("language", Kind.CATEGORY),
        Value("matches", Kind.RATE, labels=("in the expected language", "in another one")),
    ],
    options=Options,
    examples=[
        Example("Das Ei muss etwa zehn Minuten lang kochen.", ("de", 1.0), input=_GERMAN),
        Example("The egg should be boiled for about ten minutes.", ("en", 0.0), input=_GERMAN),
        Example(
            "Il faut le faire cuire pendant dix minutes.", ("fr", 1.0), options={"expected": "fr"}
        ),
        Example("これは日本語の答えです。", ("ja", 0.0), options={"expected": "zh"}),
        Example("Это ответ на русском языке.", ("ru", "a prompt in no language that can be told")),
        Example("Yes.", ("unknown", "an answer in no language that can be told"), input=_GERMAN),
        Example("", ("unknown", "an answer in no language that can be told")),
    ],
)
def language(case: Case, sample: Sample, options: Options) -> Score:
    """Tells the language of the answer, as its code of ISO 639-1, or `unknown`.

    It goes by the script, and among the languages in Latin letters by their commonest words and
    own letters. Fewer than 20 letters are `unknown`, as is a language it does not know or one
    that is written in foreign letters. Where the language changes within the answer, the one of
    most of it counts, and fenced code counts for none. `matches` = 1 where it is the prompt's
    language, or the one that `expected` names. How often it is right is published in docs/style.md.
    """
    assert sample.output is not None
    found = language_of(sample.output)
    if found == UNKNOWN:
        return Score((found, Unscored("an answer in no language that can be told")))
    wanted = options.expected
    if wanted == PROMPT:
        wanted = language_of(_asked(case.input))
        if wanted == UNKNOWN:
            return Score((found, Unscored("a prompt in no language that can be told")))
    return Score((found, float(found == wanted)))


def _asked(given: CaseInput) -> str:
    """Return what the user says: the last turn of a conversation, or the texts of all variables."""
    if isinstance(given, str):
        return given
    if isinstance(given, Mapping):
        return "\n".join(value for value in given.values() if isinstance(value, str))
    return next((turn.content for turn in reversed(given) if turn.role == "user"), "")
