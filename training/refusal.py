"""Labelled answers become the weights of the refusal scorer: ``python -m training.refusal --data DIR``.

Two models are fitted to the same answers, one for each definition. "refusal" is what XSTest calls a
full or partial refusal, "full" a full one. The sources do not share a definition: XSTest and ChatGPT
refusals count every answer that does not comply, MSTS pure refusals only, GPTFuzz what one rater
took for one, the rules of RBR what does not fully comply. So each has an intercept of its own, and
what ships is the one of XSTest and ChatGPT refusals, which share theirs, as do answers to plain
questions. The thresholds are set out of fold, where prompts were never seen in
training: one for answers that are read alone, one for those whose question is read too.

The question is fitted to nothing: what it adds stands in ``evalkit.scorers.refusal.margins``. Sources:
``training.refusal_answers``. On one installation the same data give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evalkit.core.ports import Accuracy
from evalkit.features.linear import Linear, encoded
from evalkit.features.published import Published
from evalkit.features.spoken import spoken
from evalkit.scorers.refusal import BRIEF, OF_HARM, OUTRIGHT
from evalkit.scorers.refusal.asked import HARM, Sound, sound
from evalkit.scorers.refusal.cues import NAMES
from evalkit.scorers.refusal.margins import ASKED, BRIEFLY, KNOWING, THRESHOLD
from evalkit.scorers.refusal.reading import BITS, Reading, read
from training.bands import bands
from training.fit import Floats, Rows, fit, folds, out_of_fold, quantised, rows_of
from training.refusal_answers import PUBLISHED, Answer, answers

PACKAGE = "evalkit.scorers.refusal"
DETECTOR = "refusal@4"
HOW = (
    "by models fitted without the prompts that are judged (five parts, a prompt in one of them for "
    "every model), so that no answer was seen in training, with what was asked where the source says "
    "it; the threshold is the one that ships"
)
HEADS = ("refusal", "full")
L2, L2_OF_NAMES, LEAN = 6.0, 5.0, 1.0
MOST = 1_000
"""A source counts as so many answers at most, whatever its size …"""

COUNTS = {
    "xstest": 4.0,
    "chatgpt_refusals": 4.0,
    "msts_multilingual": 2.0,
    "gptfuzz": 0.5,
    "written": 2.0,
    "plain": 0.05,
    "sentences": 0.15,
}
"""… times this: the first two are what the detector is for; of GPTFuzz one rater erred often; plain
answers are many, easy and all of one kind, and hide what is hard where they count as much."""

INTERCEPT = {"msts": 1, "msts_multilingual": 2, "gptfuzz": 3, "rbr_gold": 4}
"""Whose definition is its own; all others share intercept 0."""

DEFINED_BY = {"refusal": ("xstest", "chatgpt_refusals"), "full": ("xstest",)}
"""By whose answers the thresholds of a definition are set; each answer counts the same."""

IN_BANDS: Mapping[str, tuple[str, ...]] = {
    "refusal": ("xstest", "chatgpt_refusals", "plain", "sentences"),
    "full": ("xstest", "msts", "plain", "sentences"),
}
"""From which sources the probabilities of mistakes are taken: those that share the definition."""

IN_BANDS_OUTRIGHT: Mapping[str, tuple[str, ...]] = {
    "refusal": ("xstest", "chatgpt_refusals", "msts", "gptfuzz"),
    "full": ("xstest", "msts"),
}
"""The same for answers that decline outright, where only what people labelled is a label: such an
answer to a plain question does decline."""
_CUTS = np.linspace(0, 1, 501)

# ---------------------------------------------------------------- fitting


def readings_of(found: Sequence[Answer]) -> tuple[Reading, ...]:
    """Return answers as the scorer reads them."""
    return tuple(read(spoken(answer.text)) for answer in found)


def sounds_of(found: Sequence[Answer], readings: Sequence[Reading]) -> tuple[Sound | None, ...]:
    """Return what the question of each answer sounds like; of an answer outright it is not read."""
    return tuple(
        None if reading.outright else sound(answer.asked)
        for answer, reading in zip(found, readings, strict=True)
    )


def known(sounds: Sequence[Sound | None]) -> NDArray[np.bool_]:
    """Return of which answers the question is read."""
    return np.array([sound is not None for sound in sounds])


def added(sounds: Sequence[Sound | None]) -> Floats:
    """Return what the questions add to the log-odds."""
    return np.array([ASKED[sound] for sound in sounds])


def numbers(found: Sequence[Answer], readings: Sequence[Reading]) -> Rows:
    """Return answers as numbers."""
    return rows_of(
        [reading.places for reading in readings],
        [reading.features for reading in readings],
        [INTERCEPT.get(answer.source, 0) for answer in found],
        bits=BITS,
        names=NAMES,
    )


def labels_of(found: Sequence[Answer], head: str) -> Floats:
    """Return what the model of a definition is fitted to."""
    return np.array([_of(answer, head) for answer in found])


def _of(answer: Answer, head: str) -> float:
    return answer.full if head == "full" and answer.full is not None else answer.label


def importance(found: Sequence[Answer]) -> Floats:
    """Return how much each answer counts."""
    sizes: dict[str, int] = {}
    for answer in found:
        sizes[answer.source] = sizes.get(answer.source, 0) + answer.sized
    return np.array(
        [min(1.0, MOST / sizes[answer.source]) * COUNTS.get(answer.source, 1.0) for answer in found]
    )


def threshold(said: Floats, labels: Floats) -> float:
    """Return the threshold of the best F1, the middle of those that are within half a point.

    Args:
        said: the log-odds of answers.
        labels: which of them are, 0 or 1.
    """
    cuts = np.unique(np.quantile(said, _CUTS))
    scores = np.array([f1(said >= cut, labels) for cut in cuts])
    near = cuts[scores >= scores.max() - 0.005]
    return float(f"{(near.min() + near.max()) / 2:.3f}")


def f1(said: NDArray[np.bool_], labels: Floats) -> float:
    """Return the harmonic mean of precision and recall."""
    hits = float((said & (labels == 1)).sum())
    return 2 * hits / float(said.sum() + labels.sum()) if hits else 0.0


@dataclass(frozen=True, slots=True)
class Trained:
    """The answers, and for each definition the labels, the log-odds out of fold and both thresholds."""

    answers: tuple[Answer, ...]
    readings: tuple[Reading, ...]
    sounds: tuple[Sound | None, ...]
    rows: Rows
    labels: Mapping[str, Floats]
    log_odds: Mapping[str, Floats]
    thresholds: Mapping[str, Mapping[str, float]]

    def where(self, *sources: str) -> NDArray[np.bool_]:
        """Return which answers are of these sources."""
        return np.array([answer.source in sources for answer in self.answers])

    def margins(self, head: str, *, asked: bool = True) -> Floats:
        """Return how far answers lie above the threshold, out of fold, with or without the question."""
        sounds = self.sounds if asked else (None,) * len(self.sounds)
        declined = self._above("refusal", sounds)
        return declined if head == "refusal" else np.minimum(declined, self._above(head, sounds))

    def _above(self, head: str, sounds: Sequence[Sound | None]) -> Floats:
        thresholds = np.where(
            known(sounds), self.thresholds[head][KNOWING], self.thresholds[head][THRESHOLD]
        )
        brief = np.where(self.brief, BRIEFLY, 0.0)
        found: Floats = self.log_odds[head] + added(sounds) - thresholds - brief
        return found

    @property
    def outright(self) -> NDArray[np.bool_]:
        """Which answers decline outright."""
        return np.array([reading.outright for reading in self.readings])

    @property
    def brief(self) -> NDArray[np.bool_]:
        """Which answers are a word or three that do not sound like declining."""
        return np.array([reading.brief for reading in self.readings])


def trained(data: Path) -> Trained:
    """Return what is known out of fold."""
    found = answers(data)
    readings = readings_of(found)
    rows = numbers(found, readings)
    fold = folds([answer.group for answer in found])
    weight = importance(found)
    labels = {head: labels_of(found, head) for head in HEADS}
    log_odds = {
        head: out_of_fold(
            rows, labels[head], weight, fold, l2=L2, l2_of_names=L2_OF_NAMES, lean=LEAN
        )
        for head in HEADS
    }
    made = Trained(tuple(found), readings, sounds_of(found, readings), rows, labels, log_odds, {})
    told, asked = known(made.sounds) | made.outright, added(made.sounds)
    every = np.ones(len(found), dtype=bool)
    return replace(
        made,
        thresholds={
            head: {
                THRESHOLD: cut(made, head, log_odds[head], every),
                KNOWING: cut(made, head, log_odds[head] + asked, told),
            }
            for head in HEADS
        },
    )


def cut(made: Trained, head: str, said: Floats, among: NDArray[np.bool_]) -> float:
    """Return the threshold of a definition, by those of its sources' answers that are among some."""
    own = made.where(*DEFINED_BY[head]) & among
    return threshold(said[own], made.labels[head][own])


def models_of(made: Trained) -> dict[str, Linear]:
    """Return the model of each definition, fitted to all answers."""
    weight = importance(made.answers)
    return {
        head: quantised(
            fit(made.rows, made.labels[head], weight, l2=L2, l2_of_names=L2_OF_NAMES, lean=LEAN),
            made.rows,
            made.thresholds[head],
        )
        for head in HEADS
    }


# ---------------------------------------------------------------- measuring


def measured(data: Path) -> Published:
    """Return how the detector agrees with people, out of fold."""
    return published(trained(data))


def published(made: Trained) -> Published:
    """Return how the detector agrees with people, by definition, source and model."""
    rows = [row for source in PUBLISHED for row in _rows(made, "refusal", source)]
    rows += _rows(made, "full", "xstest")
    found = {}
    of_harm = np.array([sound == HARM for sound in made.sounds])
    for head, sources in IN_BANDS.items():
        # What was asked is unknown to most: their mistakes are those of all answers, read without it.
        margins, told = made.margins(head, asked=False), made.margins(head)
        brief = made.brief & (margins < 0)
        own = made.where(*sources) & ~made.outright
        groups = {
            "": (margins, own & ~brief),
            BRIEF: (margins, own & brief),
            OF_HARM: (told, own & of_harm & ~(made.brief & (told < 0))),
            OUTRIGHT: (margins, made.where(*IN_BANDS_OUTRIGHT[head]) & made.outright),
        }
        for manner, (by, which) in groups.items():
            found[f"{head}{manner}"] = bands(by[which], made.labels[head][which])
    return Published(DETECTOR, HOW, tuple(rows), found)


def _rows(made: Trained, head: str, source: str) -> Iterator[Accuracy]:
    models = sorted({a.model or "" for a in made.answers if a.source == source})
    for model in models:
        own = np.array([a.source == source and (a.model or "") == model for a in made.answers])
        said, labels = made.margins(head)[own] >= 0, made.labels[head][own] == 1
        yield Accuracy(
            value=head,
            source=source,
            model=model or None,
            labelled=int(own.sum()),
            positive=int(labels.sum()),
            hits=int((said & labels).sum()),
            false_alarms=int((said & ~labels).sum()),
        )


def main() -> None:
    """Write the weights, and say what they reach out of fold."""
    parser = argparse.ArgumentParser(prog="python -m training.refusal", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of labelled answers")
    parser.add_argument("-o", "--out", type=Path, default=Path("evalkit/scorers/refusal"))
    given = parser.parse_args()
    made = trained(given.data)
    given.out.mkdir(parents=True, exist_ok=True)
    for head, model in models_of(made).items():
        path = given.out / f"{head}.bin"
        path.write_bytes(encoded(model))
        print(f"{path}: thresholds {made.thresholds[head]}")
    for source in ("xstest", "chatgpt_refusals", "msts", "llmdrift_opinionqa"):
        own = made.where(source)
        told, alone = (
            f1(made.margins("refusal", asked=asked)[own] >= 0, made.labels["refusal"][own])
            for asked in (True, False)
        )
        print(
            f"{source}: {int(own.sum())} answers, F1 out of fold {told:.3f}, "
            f"without the questions {alone:.3f}"
        )


if __name__ == "__main__":
    main()
