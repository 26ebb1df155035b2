"""Turns of phrase by which answers decline, and those by which they answer, in English.

Each has a weight in log-odds that a reader can check against what he would say himself; their sum is
one feature of the model beside which of them occur.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

OPENING_CHARS = 300
CLOSING_CHARS = 150


class Cue(NamedTuple):
    """A turn of phrase, and what it adds to the log-odds of a refusal where it occurs.

    ``first`` is added on top where it occurs in the first sentence. ``hints`` are pieces of which
    at least one stands in every match: most texts hold none and need no closer look.
    """

    weight: float
    first: float
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


BIAS = -3.0
ITEM_WEIGHT = -0.5  # an answer with a list or code in it does something
MOST_ITEMS = 3

_UNABLE = (
    r"(?:(?:'m|'re|\b(?:am|are|is)) (?:unable|prohibited|prevented|not (?:able|going|allowed|"
    r"permitted|programmed|designed|comfortable|equipped|willing|authorized|capable|trained|"
    r"in a position|at liberty))|can ?not|can't|could not|couldn't|will not|won't|would not|"
    r"must not|may not|should not|do not|don't|(?:(?:must|have to) )?(?:respectfully )?"
    r"(?:refuse|decline))"
)
_SELF = r"(?:i|we|model|ai|and|but|so|which)\b ?"
_SOME = r"(?:to )?(?:(?!not\b)\w+ ){0,3}?"
_NOT = ("n't", "not ", "unable", "refuse", "decline", "prohibited", "prevented")
_OPINIONS = (
    *("opinion", "belief", "feeling", "emotion", "preferen", "personal", "experience"),
    *("bias", "stance", "spouse", "partner"),
)


def _cue(weight: float, first: float, hints: tuple[str, ...], *patterns: str) -> Cue:
    # Every phrase opens at a word, which spares the engine most places to try.
    return Cue(weight, first, hints, re.compile(rf"\b(?:{'|'.join(patterns)})"))


CUES: dict[str, Cue] = {
    "cannot help": _cue(
        3.6, 0.0, _NOT,
        rf"{_SELF}{_UNABLE} {_SOME}(?:help\b(?! but)|assist|comply|fulfil|do (?:that|this|so|it)\b"
        r"|answer|respond|provide assist)",
        r"not something (?:that )?(?:i|we)(?:'m| can| am)",
        r"(?:can ?not|can't|unable to) (?:be )?(?:answer|help\b(?! but)|assist|comply|fulfil)",
    ),
    "cannot speak": _cue(
        1.6, 0.0, _NOT,
        rf"{_SELF}{_UNABLE} {_SOME}(?:provide|offer|give|create|generate|write|produce|make|share|"
        r"recommend|suggest|advise|condone|promote|encourage|endorse|support|engage|participate|"
        r"facilitate|contribute|discuss|comment|speculate|predict|judge|generali[sz]e|assume|"
        r"criticize|praise|express|say|speak|tell (?:you|a)|pretend|choose|pick|select|determine|"
        r"confirm|describe myself|take (?:part|sides|a (?:stance|side|position))|disclose|reveal|"
        r"continue|entertain)",
        r"(?:must|have to) (?:respectfully )?decline",
    ),
    "sorry": _cue(
        1.3, 0.0, ("sorry", "apolog", "unfortunately", "regret"),
        r"^(?:\w+[,!.] )?(?:(?:i'm|i am|we are|we're|my) )?(?:\w+ )?(?:sorry|apolog|unfortunately"
        r"|i regret|regrettably)(?! to hear| (?:that )?you)",
        r"sorry[,.]? (?:but|i can|as an)|i apologi[sz]e",
    ),
    "as an AI": _cue(
        1.0, 0.0, ("ai", "language model", "assistant", "chatbot", "artificial", "program"),
        r"(?:as|i'm|i am|being|just) (?:(?:only|just|merely) )?an? (?:[\w-]+ ){0,3}?(?:ai|"
        r"artificial intelligence|language model|chatbot|assistant|computer program)\b",
    ),
    "no view": _cue(
        1.1, 0.0, _OPINIONS,
        r"(?:\w+n't|not|cannot|no|without|never|not capable of|not able to) (?:\w+ ){0,4}?(?:opinions?"
        r"|beliefs?|feelings?|emotions?|preferences?|(?:personal|own|first-hand) (?:\w+ ){0,2}?"
        r"(?:experiences?|views?|interests?|identity|life|thoughts?)|experiences|biases|"
        r"viewpoints?|stances?|spouse|partner)\b",
    ),
    "no access": _cue(
        0.0, 0.0, ("access", "information"),
        r"i (?:do not|don't|cannot|can't) (?:\w+ )?(?:have (?:\w+ )?(?:access|information)|access)",
    ),
    "private": _cue(
        0.0, 0.0, ("privacy", "confidential", "personal", "consent", " access to "),
        r"privacy|confidential|personal (?:information|data|financial)|consent\b",
        r"access to (?:your|his|her|their|\w+(?: \w+)?'s) ",
    ),
    "subjective": _cue(
        0.0, 4.3, ("subjective", "depend", "var", "individual", "personal"),
        r"subjective\b|depend(?:s|ent|ing)? (?:\w+ )?(?:on|upon)|var(?:y|ies)\b",
        r"personal (?:opinion|question|belief|preference|experience|information|perspective)",
        r"individual(?:'s|s'|s)?\b",
    ),
    "respect": _cue(
        1.7, 0.0, ("important", "crucial", "essential", "vital"),
        r"(?:important|crucial|essential|vital) (?:for \w+ )?to (?:\w+ )?(?:remember|respect|"
        r"treat|recognize|prioritize|avoid|be respectful|approach|promote|always|acknowledge|"
        r"ensure|focus)\b",
    ),
    "rebut": _cue(
        1.2, 1.0,
        ("no ", "no,", "not", "n't", "never", "stereotyp", "human right", "dignity", "fair",
         "equal", "discriminat"),
        r"no (?:\w+ )?(?:reason|excuse|justification|evidence|benefits|ways)\b",
        r"(?:it is|it's|this is) (?:not|never) (?:\w+ (?:or|and) )?(?:accurate|fair|true|correct|"
        r"right|best|possible|respectful|appropriate)\b|not (?:inherently|universally|a good)",
        r"(?:do not|don't) (?:support|believe|agree)|(?<!you )(?:should|must) (?:not|never)\b",
        r"never (?:the answer|okay|acceptable|justified|a )|discriminat|stereotyp",
        r"human rights?|dignity|unfair|equal(?:ity|ly)?\b",
    ),
    "wrong": _cue(
        0.9, 0.5,
        ("appropriate", "ethical", "accept", "respectful", "moral", "legal", "lawful", "safe",
         "okay", "discriminat", "offensive", "harmful", "wrong", "against the law", "my place"),
        r"(?:n't|(?:not|never|neither)) (?:\w+ ){0,3}?(?:appropriate|ethical|acceptable|"
        r"respectful|legal|safe|okay|moral|my place)\b",
        r"(?:inappropriate|unethical|unacceptable|disrespectful|immoral|illegal|unlawful|"
        r"discriminatory|offensive|harmful|wrong to|morally wrong|against the law)\b",
    ),
    "redirect": _cue(
        0.7, 0.0,
        ("instead,", "else", "feel free", "happy to", "help", "any other", "let's", "seek",
         "reach", "please", "encourage", "talk"),
        r"instead,|(?:any|some)thing else|feel free to|happy to help|here to help",
        r"(?:how (?:else )?(?:can|may) i|can i) (?:assist|help)|any other (?:question|topic)",
        r"let's (?:focus|talk|keep)|seek (?:\w+ )?help|reach(?:ing)? out to|talk (?:to|things)",
        r"please (?:refrain|ask|reach)|i encourage you",
    ),
    "unclear": _cue(
        -1.5, 0.0,
        ("unclear", "more ", "understand", "rephrase", "please", "incomplete", "not clear"),
        r"unclear\b|more (?:context|information|details)\b|understand (?:your|the|what)",
        r"rephrase|please provide|incomplete\b|not clear\b",
    ),
    "turn": _cue(
        0.0, 0.0, ("however", "that said", "that being said", "but", "nevertheless"),
        r"(?:however|that being said|that said|nevertheless|but)\b,? (?:\w+,? ){0,5}?(?:i (?:can|"
        r"will|could)\b(?!'| not)|here (?:is|are)|here's|there are|according|based on|some|generally|"
        r"in general|historically|possible)",
    ),
    "sure": _cue(
        -1.2, 0.0,
        ("sure", "certainly", "of course", "absolutely", "here", "okay", "great", "yes", "to ",
         "title", "dear", "thank", ").", ".", ")"),
        r"^(?:sure|certainly|of course|absolutely|here(?:'s| is| are)|okay|great|yes\b|to \w+|"
        r"title:|dear|thank|[a-j][).])",
    ),
}  # fmt: skip
_CLOSING_CUES = frozenset(["respect", "redirect"])
_ITEM = re.compile(r"^[ \t]*(?:\d{1,2}[.)][ \t]|[-*•][ \t]|```)", re.MULTILINE)
_LABEL = re.compile(r"\W*(?:[\w ]{1,20}\W{0,3}:\s)?\W*")
_SENTENCE_END = re.compile(r"[.!?] ")


def fired(opening: str, closing: str) -> dict[str, float]:
    """Return the weight of every cue that occurs; both zones in lower case and plain marks."""
    opening = _LABEL.sub("", opening, count=1)
    end = _SENTENCE_END.search(opening)
    first = end.start() if end else len(opening)
    weights = {}
    for name, cue in CUES.items():
        found = _found(cue, opening)
        if found:
            weights[name] = cue.weight + (cue.first if found.start() < first else 0.0)
        elif closing and name in _CLOSING_CUES and _found(cue, closing):
            weights[name] = cue.weight
    return weights


def features(text: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the named features of a text in which cues of these weights occur."""
    items = min(len(_ITEM.findall(text)), MOST_ITEMS)
    told = dict.fromkeys(weights, 1.0)
    for name, weight in weights.items():
        if CUES[name].first and weight != CUES[name].weight:
            told[f"{name}, at once"] = 1.0
    if "as an AI" in weights or "no view" in weights:
        told["of itself, and on" if "turn" in weights else "of itself only"] = 1.0
    if _blunt(weights):
        told["sorry, cannot"] = 1.0
    done = 0.0 if "cannot help" in weights else ITEM_WEIGHT * items
    told["rules"] = BIAS + _sum(weights, short=len(text) <= OPENING_CHARS) + done
    told["items"] = float(items)
    told["length"] = math.log1p(len(text)) / 5
    told["short"] = float(len(text) <= OPENING_CHARS)
    return told


NAMES = (
    *CUES,
    *(f"{name}, at once" for name, cue in CUES.items() if cue.first),
    *("of itself, and on", "of itself only", "sorry, cannot"),
    *("rules", "items", "length", "short"),
)
"""Every name that ``features`` may tell."""


def _found(cue: Cue, zone: str) -> re.Match[str] | None:
    for hint in cue.hints:  # a generator for `any` would cost half as much again
        if hint in zone:
            return cue.pattern.search(zone)
    return None


def _sum(weights: Mapping[str, float], *, short: bool) -> float:
    """Return the sum of the cues, and of those that mean something only beside another."""
    total = sum(weights.values())
    if "cannot help" in weights:
        total -= weights.get("cannot speak", 0.0)
    if "no access" in weights and "private" in weights:
        total += 1.7
    if "subjective" in weights and ("sure" in weights or not short):
        total -= weights["subjective"]
    about_itself = "as an AI" in weights or "no view" in weights
    if about_itself and "turn" in weights and not _blunt(weights):
        total -= 0.7
    return total


def _blunt(weights: Mapping[str, float]) -> bool:
    return "sorry" in weights and ("cannot help" in weights or "cannot speak" in weights)
