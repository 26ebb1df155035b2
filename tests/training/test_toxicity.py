"""What the toxicity scorer learns from is put together as its page says."""

from __future__ import annotations

import numpy as np

from training.toxicity import SMILES, Text, corpus, made_of, pairs, part


def test_only_whole_pairs_of_chosen_texts_are_told_apart() -> None:
    texts = [
        Text("hatemojibuild", "bad", 1, "a", pair="0"),
        Text("hatemojibuild", "good", 0, "a", pair="0"),
        Text("hatemojibuild", "bad", 1, "b", pair="1"),
        Text("hatemojibuild", "good", 0, "c", pair="2"),
        Text("surge", "good", 0, "0", pair="0"),
    ]
    toxic, clean = pairs(texts, np.full(5, fill_value=True))
    assert (toxic.tolist(), clean.tolist()) == ([0], [1])
    assert not len(pairs(texts, np.arange(5) > 0)[0])


def test_two_sentences_of_a_harmless_answer_are_read_with_an_emoji() -> None:
    answer = Text("answers", "One is here. Two is there. Three is gone.", 0, "a")
    smiling = [text for text in made_of([answer]) if text.source == "answers"]
    assert len(smiling) == 2
    assert all(text.group == "a" and set(text.text) & set(SMILES) for text in smiling)


def test_a_part_of_texts_keeps_their_sentences() -> None:
    found = corpus([Text("a", text, 0, text) for text in ("One. Two.", "Three.", "Four. Five.")])
    kept = part(found, np.array([True, False, True]))
    assert kept.first.tolist() == [0, 2, 4]
    assert kept.words.tolist() == [1.0] * 4
    assert (kept.rows != found.rows[[0, 1, 3, 4]]).nnz == 0
