"""How long is the answer?"""

from __future__ import annotations

import math

from evalkit.core.text import sentences, word_count
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

SLACK_TOKENS = 8
"""Marks of the beginning and the end that an endpoint may count without a byte behind them."""

CHARS_PER_TOKEN = 4


@scorer(
    "length",
    values=[
        Value("words", Kind.AMOUNT, unit="words"),
        Value(
            "tokens",
            Kind.AMOUNT,
            unit="tokens",
            fallback="tokens_estimated",
            limited_by="max_tokens",
        ),
        Value("chars", Kind.AMOUNT, unit="chars"),
        Value("sentences", Kind.AMOUNT, unit="sentences"),
        Value("tokens_estimated", Kind.AMOUNT, unit="~tokens"),
    ],
    examples=[
        Example("It is so.", (3.0, 4.0, 9.0, 1.0, 3.0), sample={"output_tokens": 4}),
        Example("It is so.", (3.0, "no output_tokens", 9.0, 1.0, 3.0)),
        Example(
            "It is so.",
            (3.0, 4.0, 9.0, 1.0, 3.0),
            sample={"output_tokens": 904, "reasoning_tokens": 900},
            note="thinking is no part of the answer's length",
        ),
        Example(
            "It is so.",
            (3.0, "more output_tokens than text", 9.0, 1.0, 3.0),
            sample={"output_tokens": 904},
            note="thinking that was not reported apart",
        ),
        Example("- One\n- Two, e.g. 3.5", (4.0, "no output_tokens", 21.0, 2.0, 6.0)),
        Example("これは答えです。", (7.0, "no output_tokens", 8.0, 1.0, 2.0)),
        Example("", (0.0, 0.0, 0.0, 0.0, 0.0), sample={"output_tokens": 0}),
    ],
)
def length(_case: Case, sample: Sample) -> Score:
    """Counts the words, tokens, characters and sentences of the answer's visible text.

    `words` are runs between blanks with a letter or digit in them (Chinese characters and kana
    count one by one); the end of a line ends a sentence. `tokens` are the endpoint's own count
    without reasoning tokens. They are not there where the endpoint reports none, or more than
    the text can hold: then `tokens_estimated`, a token for every four characters, stands in for
    both arms, which every output calls approximate: Chinese text has far more.
    Tokenizers differ between snapshots: hold two snapshots to the same words.
    """
    text = sample.output
    assert text is not None
    return Score(
        (
            float(word_count(text)),
            _visible_tokens(sample, text),
            float(len(text)),
            float(len(sentences(text))),
            float(math.ceil(len(text) / CHARS_PER_TOKEN)),
        )
    )


def _visible_tokens(sample: Sample, text: str) -> float | Unscored:
    if sample.output_tokens is None:
        return Unscored("no output_tokens")
    visible = sample.output_tokens - (sample.reasoning_tokens or 0)
    if visible < 0:
        return Unscored("more reasoning_tokens than output_tokens")
    # Every token of a byte-level vocabulary stands for a byte or more; anything above is hidden.
    if visible > len(text) + SLACK_TOKENS and visible > len(text.encode()) + SLACK_TOKENS:
        return Unscored("more output_tokens than text")
    if visible == 0 and text:
        return Unscored("a text of 0 output_tokens")
    return float(visible)
