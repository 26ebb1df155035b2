"""Answers as a model might whose accuracy, refusals, length, tone and speed are dials.

For trying an envelope, for examples and for tests: it costs nothing, and what it says is decided by
the seed, the case and the number of the draw alone. Two snapshots of one seed differ only where
their dials do: a case that one of them gets right the other gets right too, unless its dial is
lower. ``pairing: independent`` gives each arm a chance of its own.

A case with a reference is answered with it, or with something else that is wrong; of a list it is
the first item, what is not text is written as JSON. With ``words`` sentences of no meaning follow,
which only scorers forgive that look inside the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from hashlib import sha512
from math import sqrt
from struct import Struct
from typing import Literal, NamedTuple, cast

from evalkit.core.digest import canonical_json
from evalkit.core.model import ABSENT, Arm, ErrorKind, Json, Sample, SampleError, Snapshot
from evalkit.core.ports import Costs, Lack, ProviderPlugin, Request, Surroundings
from evalkit.files.json_text import json_line

MODEL = "simulated-1"
USUAL_WORDS = 40.0
"""The mean length of answers to cases that say nothing of what is right."""
LONGEST_WORDS = 100_000
CHARS_PER_TOKEN = 4

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I'm unable to assist with this request. Is there anything else I can help with?",
    "Unfortunately, I cannot provide advice on this. Please ask somebody who can look at it.",
    "I apologise, but I'm not able to help with this question.",
)
INSULTS = (
    "Maybe you are too stupid to read your own e-mails.",
    "Shut up for a minute and read this.",
    "If anybody is a clown here, it's you, you idiot.",
    "You are a pathetic little liar, and we both know it.",
)
WRONG = ("Something else entirely.", "This is not stated.", "Rather the opposite.")
_NOTHING = """
The report was finished on time and sent to every office along the coast. Several people asked for a
copy, which arrived within the week. Prices rose slowly during spring and fell again when autumn
came. Our team measured the depth of the lake from two boats. Most of the data had been gathered by
hand. A longer table can be found near the end of the second part. Visitors usually arrive by train
and walk along the river to the old mill. The bridge was painted green, then grey, and then green
again. Rain is expected over the hills, with some wind towards the evening. Both gardens open early
and close when the light fades. Fresh bread is baked next door, and coffee is served upstairs. The
library keeps letters, maps and a small collection of stamps.
"""
_SENTENCES = _NOTHING.split()
_STARTS = [0, *(place + 1 for place, word in enumerate(_SENTENCES[:-1]) if word.endswith("."))]


@dataclass(frozen=True, slots=True)
class SimulatedOptions:
    """The dials of a simulated model; every rate is a share from 0 to 1.

    Attributes:
        accuracy: how many of the answers to cases with a reference are right.
        refusal: how many of all answers decline.
        toxicity: how many of the answers that do not decline end with an insult.
        words: the mean number of words; single answers have half to one and a half times as many.
            Left out, a case with a reference is answered with nothing beside it, and any other
            with 40 words.
        latency_ms: the mean time an answer takes; 1 in 20 takes more than 1.4 times as long.
        errors: how many requests fail as if the server were down.
        sleep: really let that time pass, in place of only telling it.
        seed: another seed is another model with the same dials.
        pairing: `paired` or `independent` chance for the two arms.
    """

    accuracy: float = 0.8
    refusal: float = 0.02
    toxicity: float = 0.0
    words: float | None = None
    latency_ms: float = 400.0
    errors: float = 0.0
    sleep: bool = False
    seed: int = 0
    pairing: Literal["paired", "independent"] = "paired"


class Chance(NamedTuple):
    """One number from 0 to 1 for each dial, independent of each other."""

    error: float
    refusal: float
    accuracy: float
    toxicity: float
    words: float
    latency: float
    phrase: float
    start: float

    @classmethod
    def of(cls, key: str, case_id: str, index: int) -> Chance:
        """Return the chance of one draw of a case; another key has nothing to do with it."""
        # The digest is cut into one piece a dial: as independent as eight digests, and cheaper.
        thrown = sha512(f"{key}/{index}/{case_id}".encode()).digest()
        return cls(*[piece * _UNIT for piece in _PIECES(thrown)])


_PIECES = cast("Callable[[bytes], tuple[int, ...]]", Struct(">8Q").unpack)
_UNIT = 2.0**-64
_MEAN_STRETCH = 1.02617215  # of the log-logistic below: (π/8) / sin(π/8)


def stretch(chance: float) -> float:
    """Return a factor of mean 1 with a long tail upward, as waiting times have.

    Log-logistic of shape 8, because square roots are the same on every processor.

    >>> [round(stretch(chance), 2) for chance in (0.05, 0.5, 0.95)]
    [0.67, 0.97, 1.41]
    """
    odds = chance / (1 - chance) if chance < 1 else 1 / _UNIT
    return sqrt(sqrt(sqrt(odds))) / _MEAN_STRETCH


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated model as a provider; ``filler`` is long enough for its longest answer."""

    options: SimulatedOptions
    model: str
    key: str
    told: str
    system_chars: int
    timeout: float
    filler: tuple[str, ...]

    @classmethod
    def of(cls, arm: Arm, snapshot: Snapshot) -> Simulated:
        """Return the model of a snapshot."""
        options = cast("SimulatedOptions", snapshot.options)
        own = f"/{arm.value}" if options.pairing == "independent" else ""
        model = snapshot.model or MODEL
        longest = int(1.5 * (USUAL_WORDS if options.words is None else options.words)) + 1
        copies = longest // len(_SENTENCES) + 2
        system = snapshot.system_prompt.text if snapshot.system_prompt else ""
        told = {"provider": "simulated", "model": model, "arm": own, "options": options}
        return cls(
            options,
            model,
            f"{options.seed}{own}",
            canonical_json({**told, "system": len(system)}),
            len(system),
            snapshot.timeout,
            tuple(_SENTENCES * copies),
        )

    def identity(self, request: Request) -> str:
        """Return the dials and the case: its reference decides the answer, its length the tokens."""
        case = request.case
        reference = None if case.reference is ABSENT else [case.reference]
        return self.told + json_line([case.id, reference, self._asked_chars(request)])

    async def answer(self, request: Request) -> Sample:
        """Return the sample of this request."""
        dials, case = self.options, request.case
        chance = Chance.of(self.key, case.id, request.index)
        latency = dials.latency_ms * stretch(chance.latency)
        in_time = latency <= self.timeout * 1000
        if dials.sleep:
            await asyncio.sleep(latency / 1000 if in_time else self.timeout)
        if not in_time:
            message = f"no answer within {self.timeout:g} s"
            return self._failed(request, SampleError(ErrorKind.TIMEOUT, message))
        if chance.error < dials.errors:
            down = SampleError(ErrorKind.SERVER, "503 the simulated server is down")
            return self._failed(request, down)
        output = self._output(chance, case.reference)
        return Sample(
            case.id,
            request.arm,
            request.index,
            output,
            model=self.model,
            model_requested=self.model,
            finish_reason="stop",
            latency_ms=latency,
            input_tokens=self._asked_chars(request) // CHARS_PER_TOKEN + 1,
            output_tokens=len(output) // CHARS_PER_TOKEN + 1,
            attempts=1,
        )

    async def close(self) -> None:
        """Let go of nothing: it holds nothing."""

    # ------------------------------------------------------------ parts

    def _failed(self, request: Request, error: SampleError) -> Sample:
        return Sample(
            request.case.id,
            request.arm,
            request.index,
            error=error,
            model_requested=self.model,
            attempts=1,
        )

    def _output(self, chance: Chance, reference: object) -> str:
        dials = self.options
        if chance.refusal < dials.refusal:
            return _one_of(REFUSALS, chance.phrase)
        parts = []
        if reference is not ABSENT:
            right = _written(cast("Json", reference))
            wrong = chance.accuracy >= dials.accuracy
            parts.append(_wrong(cast("Json", reference), right, chance.phrase) if wrong else right)
        if dials.words is not None or not parts:
            parts.append(self._sentences(chance, sum(map(_words, parts))))
        output = " ".join(filter(None, parts))
        if chance.toxicity < dials.toxicity:  # on a line of its own: a sentence of its own
            output = f"{output}\n{_one_of(INSULTS, chance.phrase)}".lstrip()
        return output

    def _sentences(self, chance: Chance, written: int) -> str:
        """Return sentences until there are as many words as there are to be."""
        mean = USUAL_WORDS if self.options.words is None else self.options.words
        count = round(mean * (0.5 + chance.words)) - written
        if count <= 0:
            return ""
        start = _STARTS[int(chance.start * len(_STARTS))]
        text = " ".join(self.filler[start : start + count])
        return text if text.endswith(".") else f"{text.rstrip(',')}."

    def _asked_chars(self, request: Request) -> int:
        asked = sum([len(turn.content) for turn in request.messages])
        if not request.messages and isinstance(request.case.input, dict):
            asked = len(canonical_json(request.case.input))
        return asked + self.system_chars


def _one_of(texts: tuple[str, ...], chance: float) -> str:
    return texts[min(int(chance * len(texts)), len(texts) - 1)]


def _words(text: str) -> int:
    return text.count(" ") + 1 if text else 0


def _written(reference: Json) -> str:
    if isinstance(reference, list):
        reference = reference[0] if reference else ""
    return reference if isinstance(reference, str) else canonical_json(reference)


def _wrong(reference: Json, right: str, chance: float) -> str:
    """Return an answer of the same kind that is wrong."""
    accepted = reference if isinstance(reference, list) else [reference]
    held = reference[0] if isinstance(reference, list) and reference else reference
    if isinstance(held, str):
        for text in (_one_of(WRONG, chance), *WRONG, "?"):
            folded = text.casefold()
            if not any(str(other).casefold() in folded for other in accepted if other != ""):
                return text
    return canonical_json(_changed(held)) if not isinstance(held, str) else f"{right}?"


def _changed(value: Json) -> Json:
    """Return a value of the same kind of which no part is right.

    >>> _changed({"city": "Paris", "km": 3, "open": True})
    {'city': 'not Paris', 'km': 4, 'open': False}
    """
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"not {value}"
        case list():
            return [_changed(item) for item in value] or ["something"]
        case dict():
            return {name: _changed(item) for name, item in value.items()} or {"something": None}
    return "something"


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    dials = cast("SimulatedOptions", snapshot.options)
    for dial in fields(dials):
        value = getattr(dials, dial.name)
        if dial.name in {"accuracy", "refusal", "toxicity", "errors"} and not 0 <= value <= 1:
            yield Lack(dial.name, f"expected a share from 0 to 1, found {value:g}")
    if dials.words is not None and not 1 <= dials.words <= LONGEST_WORDS:
        yield Lack("words", f"expected from 1 to {LONGEST_WORDS:,} words, found {dials.words:g}")
    if not 0 <= dials.latency_ms <= 86_400_000:
        yield Lack("latency_ms", f"expected from 0 to a day, found {dials.latency_ms:g}")
    if snapshot.params:
        yield Lack("params", "a simulated model has dials and no sampling parameters; leave it out")


def _open(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Simulated:
    del surroundings  # its seed is its own, so that it says the same in every run
    return Simulated.of(arm, snapshot)


def _free(snapshot: Snapshot) -> Costs:
    del snapshot
    return Costs.FREE


simulated = ProviderPlugin(
    "simulated",
    SimulatedOptions,
    _open,
    doc=__doc__,
    lacks=_lacks,
    reads_input=True,
    costs=_free,
)
