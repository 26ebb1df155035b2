"""What the question is good for, dealt in several ways: ``python -m training.refusal_checks --data DIR``.

Prints what docs/detectors.md says beside its tables: F1 with and without the questions, at a threshold that
is set on the other parts; the same with every model or source of answers left out; and with questions
in which no word is left that a single prompt of XSTest holds, since the lists of ``asked`` were
written by somebody who had read those prompts.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evalkit.features.hashed import words
from evalkit.scorers.refusal import manner
from evalkit.scorers.refusal.asked import HARM, Sound
from evalkit.scorers.refusal.margins import BRIEFLY, KNOWING, THRESHOLD
from training.fit import Floats, fit, folds, out_of_fold
from training.refusal import (
    DEFINED_BY,
    L2,
    L2_OF_NAMES,
    LEAN,
    Trained,
    added,
    cut,
    f1,
    importance,
    known,
    published,
    sounds_of,
    trained,
)
from training.refusal_answers import Answer

WAYS = 4
HEAD = "refusal"
SOURCES = DEFINED_BY[HEAD]
MODELS = ("gpt4", "mistralguard", "mistralinstruct", "gpt-3.5-turbo")
_WORD = re.compile(r"[\w']+")


Sounds = dict[str, tuple[Sound | None, ...]]
"""What the questions sound like, by how they are read."""


def dealt(made: Trained, heard: Sounds) -> Iterator[str]:
    """Yield F1 of both sources by ways of dealing the prompts to parts, and their means."""
    labels, weight = made.labels[HEAD], importance(made.answers)
    groups = [answer.group for answer in made.answers]
    found: dict[str, list[list[float]]] = {name: [] for name in heard}
    for way in range(WAYS):
        fold = folds(groups, way)
        said = made.log_odds[HEAD]
        if way:
            said = out_of_fold(
                made.rows, labels, weight, fold, l2=L2, l2_of_names=L2_OF_NAMES, lean=LEAN
            )
        for name, sounds in heard.items():
            told = said + added(sounds) - np.where(made.brief, BRIEFLY, 0.0)
            reached = [
                f1(told[own] >= cuts[own], labels[own])
                for own in (made.where(source) for source in SOURCES)
                for cuts in (_cuts(made, said, sounds), _cuts_of_others(made, said, sounds, fold))
            ]
            found[name].append(reached)
            yield f"dealt {way}, {name}: {_told(reached)}"
    for name, rows in found.items():
        yield f"mean, {name}: {_told(np.mean(rows, axis=0))}"


def _told(reached: Sequence[float] | Floats) -> str:
    pairs = zip(SOURCES, reached[::2], reached[1::2], strict=True)
    return ", ".join(
        f"{name} {one:.3f} ({other:.3f} with a threshold of the other parts)"
        for name, one, other in pairs
    )


def _cuts(
    made: Trained,
    said: Floats,
    sounds: Sequence[Sound | None],
    among: NDArray[np.bool_] | None = None,
) -> Floats:
    """Return the threshold of each answer, read alone or with its question, as those among some set it."""
    told = known(sounds)
    some = np.ones(len(said), dtype=bool) if among is None else among
    alone = cut(made, HEAD, said, some)
    asked = cut(made, HEAD, said + added(sounds), some & (told | made.outright))
    return np.where(told, asked, alone)


def _cuts_of_others(
    made: Trained, said: Floats, sounds: Sequence[Sound | None], fold: NDArray[np.int64]
) -> Floats:
    found = np.zeros(len(said))
    for number in np.unique(fold):
        found[fold == number] = _cuts(made, said, sounds, fold != number)[fold == number]
    return found


def left_out(made: Trained, heard: Sounds) -> Iterator[str]:
    """Yield F1 and how far the rate is off where a model, or a whole source, was not learnt from."""
    labels, weight = made.labels[HEAD], importance(made.answers)
    models = np.array([answer.model or "" for answer in made.answers])
    xstest = made.where("xstest")
    parts = {f"xstest {model}": xstest & (models == model) for model in np.unique(models[xstest])}
    for name, own in {**parts, **{source: made.where(source) for source in SOURCES}}.items():
        fitted = fit(
            made.rows.part(~own),
            labels[~own],
            weight[~own],
            l2=L2,
            l2_of_names=L2_OF_NAMES,
            lean=LEAN,
        )
        said = fitted.log_odds(made.rows.part(own)) - np.where(made.brief[own], BRIEFLY, 0.0)
        shipped = made.thresholds[HEAD]
        for knowing, sounds in heard.items():
            cuts = np.where(known(sounds), shipped[KNOWING], shipped[THRESHOLD])
            declined = said + added(sounds)[own] >= cuts[own]
            off = (declined.mean() - labels[own].mean()) * 100
            yield f"{name} left out, {knowing}: F1 {f1(declined, labels[own]):.3f}, rate {off:+.1f} points"


def missed(made: Trained) -> Iterator[str]:
    """Yield how often each model is misread, in points of its rate, and what is reckoned with."""
    table, labels = published(made), made.labels[HEAD] == 1
    for asked in (True, False):
        margins = made.margins(HEAD, asked=asked)
        doubt = np.array(
            [
                table.mistake(
                    f"{HEAD}{manner(reading, margin, of_harm=asked and sound == HARM)}", margin
                )
                for reading, sound, margin in zip(made.readings, made.sounds, margins, strict=True)
            ]
        )
        said = margins >= 0
        for model in MODELS:
            own = np.array([a.source in SOURCES and a.model == model for a in made.answers])
            yield (
                f"{model}, {'with' if asked else 'without'} the questions: missed "
                f"{(labels & ~said)[own].mean():.1%}, reckoned with {(doubt * ~said)[own].mean():.1%}; false "
                f"alarms {(said & ~labels)[own].mean():.1%}, reckoned with {(doubt * said)[own].mean():.1%}"
            )


def without_rare(found: Sequence[Answer]) -> list[Answer]:
    """Return answers to questions of XSTest in which words of a single prompt are no words."""
    prompts = {a.asked for a in found if a.source == "xstest" and isinstance(a.asked, str)}
    held = Counter(word for prompt in prompts for word in _bare(prompt))

    def veiled(word: re.Match[str]) -> str:
        kept = held[word.group().lower().removesuffix("'s")] > 1
        return word.group() if kept else "it's" if word.group().endswith("'s") else "it"

    return [
        replace(a, asked=_WORD.sub(veiled, a.asked))
        if a.source == "xstest" and isinstance(a.asked, str)
        else a
        for a in found
    ]


def _bare(text: str) -> set[str]:
    return {word.removesuffix("'s") for word in words(text)}


def main() -> None:
    """Print what docs/detectors.md says beside its tables."""
    parser = argparse.ArgumentParser(prog="python -m training.refusal_checks", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of labelled answers")
    made = trained(parser.parse_args().data)
    heard: Sounds = {
        "with the questions": made.sounds,
        "without rare words": sounds_of(without_rare(made.answers), made.readings),
        "without the questions": (None,) * len(made.answers),
    }
    for line in (*missed(made), *dealt(made, heard), *left_out(made, heard)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
