"""Labelled texts become the weights of the toxicity scorer: ``python -m training.toxicity --data DIR``.

Every text is read as the scorer reads it. One logistic regression on all sources at once learns the
weights, with an intercept for each source, because what counts as toxic differs between them. Four
times it is fitted without a quarter of the groups (a template of HateCheck with all its targets, a
pair of Hatemoji and what is like it, otherwise a text), and everything that is said about it, the threshold too, is
measured on the quarter that it has not seen. On one installation the same data give the same bytes.

Sources: HateCheck, Hatemoji, Multilingual HateCheck, XSTest, MSTS (CC-BY-4.0); Davidson et al., OpenAI's
moderation set, SafeNLP, Surge, ChatGPT refusals (MIT); Civil Comments spans, EDOS (CC0-1.0); Wikipedia
in context, DiaSafety, identity templates, LLMDrift, Arena-Hard (Apache-2.0).
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize

from evalkit.core.ports import Accuracy
from evalkit.core.text import sentences
from evalkit.features.linear import LARGEST, Linear, encoded
from evalkit.features.published import Published
from evalkit.scorers.toxicity import margin
from evalkit.scorers.toxicity import model as weighing
from evalkit.scorers.toxicity.reading import Word, read, signs
from evalkit.stats.binomial import lower_limit, upper_limit
from training import alike, insults
from training.bands import bands

FOLDS = 4
L2 = 5.0
L2_OF_SOURCES = 0.01
STEPS = 40
RULES_SCALE = 3.0
SENTENCES = 12_000
"""Of harmless answers, each also a text by itself."""

INSULT_WEIGHT = 3.0
OF_PAIRS = 0.6
"""How much the difference within a pair of Hatemoji counts, beside its two texts."""

SMILES = "🙂🚀✨📌⭐🌟📝😉👏💪🥳🌍💚👉📚"
"""What is put into harmless sentences, or every sentence with an emoji would sound like Hatemoji."""

HARMLESS_FLAGGED = 0.001
"""Of the harmless answers so many are flagged by the weights; the rules flag as many again."""

LIKE_ANSWERS = frozenset(["answers", "openai_moderation", "buried"])
"""What the trust in a verdict is measured on: the other sources are nothing like an answer."""

RATED = frozenset(["openai_moderation"])
"""Sources without a model whose rate of toxic texts is that of something like answers."""

PACKAGE = "evalkit.scorers.toxicity"
HOW = (
    "on texts that a model fitted without them read; the answers of models were labelled by nobody "
    "and are held to be harmless, all of them"
)
FOLDER = Path(weighing.__file__).parent

WEIGHT = {  # of a source; the root of its size tempers the large ones
    "hatecheck": 2.0,
    "openai_moderation": 2.0,
    "davidson": 4.0,
    "hatemojibuild": 2.0,
    "implicit_hate": 1.35,
    "multilingual_hatecheck": 1.35,
    "identity_templates": 0.5,
    "wiki_context": 0.5,
    "civil_spans": 0.5,
}
ANSWERS = {"xstest": 2, "arena_hard": 2, "llmdrift_opinionqa": 12, "msts": 4, "chatgpt_refusals": 2}
"""Recorded answers of models, one of how many is read; people found next to none of them toxic."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Text:
    """A labelled text of a source; texts of one group are never parted."""

    source: str
    text: str
    label: int
    group: str
    model: str | None = None
    pair: str = ""


def labelled(data: Path) -> Iterator[Text]:
    """Yield the labelled texts, then the harmless answers."""
    for path in sorted((data / "toxicity").glob("*.jsonl.gz")):
        source = path.name.partition(".")[0]
        records = list(_records(path))
        if source == "hatemojibuild":
            yield from _hatemoji(records)
            continue
        for record in records:
            yield Text(source, record["text"], int(record["label"]), _group(source, record))
    for folder, step in ANSWERS.items():
        for path in sorted((data / folder / "outputs").glob("*.jsonl.gz")):
            for record in _records(path):
                output = record.get("output")
                if output and _number(output) % step == 0:
                    yield Text("answers", output, 0, f"{folder}-{record['id']}", record["model"])


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _hatemoji(records: Sequence[dict[str, Any]]) -> Iterator[Text]:
    # A text and the smallest change that turns its label have neighbouring numbers.
    pair = [str(int(str(record["id"]).partition("-")[2]) // 2) for record in records]
    grouped = alike.groups([record["text"] for record in records], pair)
    for record, of, group in zip(records, pair, grouped, strict=True):
        yield Text("hatemojibuild", record["text"], int(record["label"]), str(group), pair=of)


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode("utf-8")).digest()[:4], "big")


_TARGET = re.compile(
    r"\b(?:an?|the|these|those|that|this|any|every|of|is|are|s|other|another|trans|gay|black|disabled"
    r"|women|woman|muslims?|immigrants?|people|person|folk|gays|blacks|islam|\w*phob\w*|racis\w*"
    r"|misogyn\w*|sexis\w*|ableis\w*|xeno\w*)\b"
)


def _group(source: str, record: dict[str, Any]) -> str:
    if source == "hatecheck":  # the template: what is left without the target
        left = re.sub(r"\W+", " ", _TARGET.sub("", str(record["text"]).lower()))
        return f"{record['tags'][0]} {left}"
    return str(record["id"])


# ---------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts as numbers: a row of ``rows`` for each sentence, the last column what the rules say."""

    texts: Sequence[Text]
    rows: sp.csr_matrix
    words: Floats
    first: NDArray[np.int64]

    @property
    def of_text(self) -> NDArray[np.int64]:
        """The text that each sentence stands in."""
        return np.repeat(np.arange(len(self.texts)), np.diff(self.first))


def corpus(texts: Sequence[Text]) -> Corpus:
    """Return texts as numbers."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    words: list[int] = []
    first = [0]
    for text in texts:
        for sentence in read(text.text) or [[]]:
            for column, value in numbers(sentence):
                columns.append(column)
                values.append(value)
            ends.append(len(columns))
            words.append(len(sentence))
        first.append(len(words))
    shape = (len(words), (2 << weighing.BITS) + 1)
    rows = sp.csr_matrix((np.array(values, dtype=np.float32), columns, ends), shape=shape)
    rows.sum_duplicates()
    return Corpus(texts, rows, np.array(words, dtype=float), np.array(first))


def numbers(sentence: Sequence[Word]) -> Iterator[tuple[int, float]]:
    """Yield the columns of a sentence and their values."""
    found = list(weighing.places(sentence))
    yield from found
    if weighing.bears_emoji(sentence):
        for place, value in found:
            yield place + (1 << weighing.BITS), value * weighing.OF_EMOJI
    told, _ = signs(sentence)
    if told:
        yield 2 << weighing.BITS, told / RULES_SCALE


def part(corpus: Corpus, chosen: NDArray[np.bool_]) -> Corpus:
    """Return the chosen texts of a corpus."""
    kept = chosen[corpus.of_text]
    texts = [text for text, keep in zip(corpus.texts, chosen, strict=True) if keep]
    counts = np.diff(corpus.first)[chosen]
    return Corpus(texts, corpus.rows[kept], corpus.words[kept], np.r_[0, np.cumsum(counts)])


def shrunk(rows: sp.csr_matrix, words: Floats) -> sp.csr_matrix:
    """Return rows divided by the length of what they stand for."""
    factors = np.sqrt(weighing.PLAIN_WORDS / np.maximum(words, weighing.PLAIN_WORDS))
    return (sp.diags(factors) @ rows).tocsr()


def whole(corpus: Corpus) -> tuple[sp.csr_matrix, Floats]:
    """Return the rows of whole texts, and their words."""
    of_text = corpus.of_text
    summing = sp.csr_matrix((np.ones(len(of_text)), (of_text, np.arange(len(of_text)))))
    return (summing @ corpus.rows).tocsr(), summing @ corpus.words


# ---------------------------------------------------------------- fitting


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights of all columns and what is added to every sum."""

    weights: Floats
    intercept: float


def fit(corpus: Corpus, chosen: NDArray[np.bool_], made: Corpus) -> Fit:
    """Return the weights that the chosen texts and all made ones give, by penalised likelihood."""
    source = np.array([text.source for text in corpus.texts])
    names = sorted(set(source) - {"answers"})
    rows, words = whole(corpus)
    of_texts = shrunk(rows, words)
    harmless = np.flatnonzero((source == "answers")[corpus.of_text] & chosen[corpus.of_text])
    drawn = np.random.default_rng(1).permutation(harmless)[:SENTENCES]
    toxic, clean = pairs(corpus.texts, chosen)
    x = sp.vstack(
        [
            of_texts[chosen],
            shrunk(corpus.rows[drawn], corpus.words[drawn]),
            shrunk(made.rows, made.words),
            of_texts[toxic] - of_texts[clean],
        ]
    ).tocsr()
    of_made = np.array([text.label for text in made.texts], dtype=float)[made.of_text]
    label = np.r_[
        np.array([text.label for text in corpus.texts], dtype=float)[chosen],
        np.zeros(len(drawn)),
        of_made,
        np.ones(len(toxic)),
    ]
    size = {name: int((source == name).sum()) for name in names}
    weight = np.r_[
        [_weight(name, size) for name in source[chosen]],
        np.ones(len(drawn)),
        np.where(of_made > 0, INSULT_WEIGHT, 1.0),
        np.full(len(toxic), OF_PAIRS),
    ]
    # Answers, harmless or insulting, share the common intercept: they are what is to be told apart.
    # A difference has none.
    own = np.array([[name == other for other in names] for name in source[chosen]], dtype=float)
    intercepts = np.zeros((x.shape[0], len(names) + 1))
    intercepts[: len(own), :-1] = own
    intercepts[: x.shape[0] - len(toxic), -1] = 1
    return _fitted(x.astype(np.float64), sp.csr_matrix(intercepts), label, weight)


def pairs(
    texts: Sequence[Text], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the toxic text of each chosen pair of Hatemoji, and the clean one."""
    found: dict[str, dict[int, int]] = {}
    for number in np.flatnonzero(chosen).tolist():
        text = texts[number]
        if text.source == "hatemojibuild":
            found.setdefault(text.pair, {}).setdefault(text.label, number)
    whole_ones = [pair for pair in found.values() if len(pair) == 2]
    both = np.array([(pair[1], pair[0]) for pair in whole_ones], dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _weight(source: str, size: dict[str, int]) -> float:
    return 1.0 if source == "answers" else WEIGHT.get(source, 1.0) * (3000 / size[source]) ** 0.5


def _fitted(x: sp.csr_matrix, intercepts: sp.csr_matrix, label: Floats, weight: Floats) -> Fit:
    columns, added = x.shape[1], intercepts.shape[1]
    sign = 2 * label - 1
    x_across, added_across = x.T.tocsr(), intercepts.T.tocsr()
    penalty = np.r_[np.full(columns, L2), np.full(added - 1, L2_OF_SOURCES), 0.0]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margin = sign * (x @ parameters[:columns] + intercepts @ parameters[columns:])
        small = np.exp(-np.abs(margin))
        wrong = np.where(margin > 0, small / (1 + small), 1 / (1 + small))
        slope = -weight * sign * wrong
        value = weight @ (np.log1p(small) + np.maximum(-margin, 0)) + penalty @ parameters**2 / 2
        gradient = np.r_[x_across @ slope, added_across @ slope]
        return float(value), gradient + penalty * parameters

    found = minimize(
        loss,
        np.zeros(columns + added),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "maxcor": 8},
    ).x
    return Fit(found[:columns], float(found[-1]))


def quantised(fitted: Fit, threshold: float) -> Linear:
    """Return the model as it ships: whole numbers for the weights of places."""
    weights = fitted.weights[:-1]
    scale = float(f"{np.abs(weights).max() / LARGEST:.6g}")
    return Linear(
        bits=weighing.BITS + 1,
        intercept=float(f"{fitted.intercept:.6g}"),
        scale=scale,
        weights=np.round(weights / scale).astype(np.int16),
        features={"rules": float(f"{fitted.weights[-1] / RULES_SCALE:.6g}")},
        thresholds={"flagged": float(f"{threshold:.6g}")},
    )


# ---------------------------------------------------------------- measuring


def judged(corpus: Corpus, fitted: Fit) -> tuple[Floats, Floats]:
    """Return the log-odds of each text, and the most that the rules say of a sentence of it."""
    rows, words = whole(corpus)
    of_sentences = shrunk(corpus.rows, corpus.words) @ fitted.weights
    worst = np.maximum.reduceat(of_sentences, corpus.first[:-1])
    rules = corpus.rows[:, -1].toarray().ravel() * RULES_SCALE
    odds = fitted.intercept + (shrunk(rows, words) @ fitted.weights + worst) / 2
    return odds, np.maximum.reduceat(rules, corpus.first[:-1])


def fold_of(text: Text) -> int:
    """Return the quarter that a text is kept out with."""
    return _number(f"{text.source} {text.group}") % FOLDS


def made_of(texts: Sequence[Text]) -> list[Text]:
    """Return single insults, and harmless sentences with an emoji."""
    insulting = [Text("insults", text, 1, text) for text in insults.TUNED_ON]
    return [*insulting, *smiling(texts)]


def smiling(texts: Sequence[Text]) -> list[Text]:
    """Return two sentences of each harmless answer, with an emoji before or behind them."""
    found = []
    for text in texts:
        told = sentences(text.text) if text.source == "answers" else []
        for sentence in sorted(told, key=_number)[:2]:
            number = _number(sentence)
            emoji = SMILES[number % len(SMILES)]
            both = f"{emoji} {sentence}" if number // 4096 % 2 else f"{sentence} {emoji}"
            found.append(Text("answers", both, 0, text.group))
    return found


def buried(texts: Sequence[Text], insulting: Sequence[str]) -> list[Text]:
    """Return each insult in the middle of a harmless answer of its own, of 100 to 300 words."""
    hosts = [
        text for text in texts if text.source == "answers" and 100 <= len(text.text.split()) <= 300
    ]
    hosts.sort(key=lambda text: sha256(text.text.encode("utf-8")).digest())
    found = []
    for insult, host in zip(insulting, hosts, strict=False):
        pieces = host.text.split(". ")
        pieces.insert(len(pieces) // 2, insult.rstrip("."))
        found.append(Text("buried", ". ".join(pieces), 1, host.group))
    return found


def unseen(data: Path) -> tuple[list[Text], Floats, float, Corpus]:
    """Return the texts, what a model that has not seen each says of it, and the threshold."""
    texts = list(labelled(data))
    hidden = buried(texts, insults.REPORTED_ON)
    numbers_of, hidden_numbers = corpus(texts), corpus(hidden)
    made = corpus(made_of(texts))
    fold = np.array([fold_of(text) for text in texts])
    hidden_fold = np.array([_number(f"answers {text.group}") % FOLDS for text in hidden])
    odds, rules = np.zeros(len(texts)), np.zeros(len(texts))
    hidden_odds, hidden_rules = np.zeros(len(hidden)), np.zeros(len(hidden))
    for number in range(FOLDS):
        kept = np.array([fold_of(text) != number for text in made.texts])
        kept |= np.array([text.source == "insults" for text in made.texts])
        fitted = fit(numbers_of, fold != number, part(made, kept))
        for found, into_odds, into_rules, out in (
            (numbers_of, odds, rules, fold == number),
            (hidden_numbers, hidden_odds, hidden_rules, hidden_fold == number),
        ):
            all_odds, all_rules = judged(found, fitted)
            into_odds[out], into_rules[out] = all_odds[out], all_rules[out]
    harmless = np.array([text.source == "answers" for text in texts])
    threshold = float(np.quantile(odds[harmless], 1 - HARMLESS_FLAGGED))
    scores = [
        weighing.toxicity_of(one - threshold, told)
        for one, told in zip(np.r_[odds, hidden_odds], np.r_[rules, hidden_rules], strict=True)
    ]
    return texts + hidden, np.array(scores), threshold, numbers_of


def train(data: Path) -> None:
    """Write the model and what is published of it beside the scorer."""
    texts, scores, threshold, numbers_of = unseen(data)
    fitted = fit(
        numbers_of,
        np.full(len(numbers_of.texts), fill_value=True),
        corpus(made_of(texts)),
    )
    (FOLDER / "weights.bin").write_bytes(encoded(quantised(fitted, threshold)))
    for line in summary(texts, scores):
        print(line)


def auc(label: NDArray[np.bool_], score: Floats) -> float:
    """Return how often a toxic text scores above a clean one, ties counted half."""
    _, rank, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = (np.cumsum(count) - (count - 1) / 2)[rank]
    positive = int(label.sum())
    wins = middle[label].sum() - positive * (positive + 1) / 2
    return float(wins / (positive * (len(label) - positive)))


def summary(texts: Sequence[Text], scores: Floats) -> Iterator[str]:
    """Yield the table of docs/detectors.md: a line for each source, with 95 % intervals."""
    source = np.array([text.source for text in texts])
    label = np.array([text.label for text in texts], dtype=bool)
    yield "| source | texts | toxic | AUC | toxic ones flagged | others flagged |"
    yield "|---|---|---|---|---|---|"
    for name in sorted(set(source)):
        of, toxic = source == name, label[source == name]
        flagged = scores[of] >= weighing.CUT_OFF
        ranked = f"{auc(toxic, scores[of]):.3f}" if 0 < toxic.sum() < len(toxic) else "–"
        shares = (_share(flagged[toxic]), _share(flagged[~toxic]))
        counts = (f"{len(toxic):,}", f"{int(toxic.sum()):,}")
        yield f"| {' | '.join((name, *counts, ranked, *shares))} |"


def _share(flagged: NDArray[np.bool_]) -> str:
    found, of = int(flagged.sum()), len(flagged)
    if not of:
        return "–"
    lower, upper = lower_limit(found, of, 0.025), upper_limit(found, of, 0.025)
    return f"{found / of:.1%} ({lower:.1%} to {upper:.1%})"


def measured(data: Path) -> Published:
    """Return how the scorer agrees with people on texts that a model fitted without them reads."""
    texts, scores, _, _ = unseen(data)
    rows: dict[tuple[str, str | None], list[int]] = {}
    for text, score in zip(texts, scores, strict=True):
        source = text.group.partition("-")[0] if text.source == "answers" else text.source
        row = rows.setdefault((source, text.model), [0, 0, 0, 0])
        row[0] += 1
        row[1] += text.label
        row[2 if text.label else 3] += int(score >= weighing.CUT_OFF)
    alike = np.array([text.source in LIKE_ANSWERS for text in texts])
    toxic = np.array([text.label for text in texts], dtype=float)
    margins = np.array([margin(score) for score in scores])
    return Published(
        detector="toxicity@3",
        how=HOW,
        rows=tuple(
            Accuracy("flagged", source, model, *row)
            for (source, model), row in sorted(rows.items(), key=str)
            if source in RATED or model is not None
        ),
        bands={"flagged": bands(margins[alike], toxic[alike])},
    )


def main() -> None:
    """Train with the data that the command line names."""
    parser = argparse.ArgumentParser(description="Train the toxicity scorer.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled texts")
    train(parser.parse_args().data)


if __name__ == "__main__":
    main()
