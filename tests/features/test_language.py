"""The language of a text is told, or it is unknown; how often it is right is on docs/style.md."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.features.language import LANGUAGES, UNKNOWN, language

CODES = {
    "arabic": "ar", "chinese": "zh", "dutch": "nl", "farsi": "fa", "french": "fr", "german": "de",
    "hindi": "hi", "italian": "it", "korean": "ko", "mandarin": "zh", "polish": "pl",
    "portuguese": "pt", "russian": "ru", "spanish": "es",
}  # fmt: skip
SENTENCES = {
    "ar": "هذه إجابة قصيرة عن سؤال الأستاذ عن المدينة.",
    "bg": "Това е кратък отговор на въпроса, който задавате, без подробности от първия път.",
    "cs": "To je krátká odpověď na otázku, kterou jste položili, a není úplná.",
    "da": "Det er et kort svar på det spørgsmål, som du har stillet, og ikke meget mere.",
    "de": "Das ist eine kurze Antwort auf die Frage, die Sie gestellt haben.",
    "el": "Αυτή είναι μια σύντομη απάντηση στην ερώτησή σας.",
    "en": "This is a short answer to the question that you have asked.",
    "es": "Esta es una respuesta corta a la pregunta que usted ha hecho.",
    "fa": "این یک پاسخ کوتاه به پرسشی است که شما پرسیدید.",
    "fi": "Tämä on lyhyt vastaus kysymykseen, ja se ei ole täydellinen.",
    "fr": "C'est une réponse courte à la question que vous avez posée.",
    "he": "זוהי תשובה קצרה לשאלה ששאלת.",
    "hi": "यह आपके प्रश्न का एक छोटा उत्तर है।",
    "hu": "Ez egy rövid válasz arra a kérdésre, amelyet feltett, és nem is teljes.",
    "id": "Ini adalah jawaban singkat untuk pertanyaan yang Anda ajukan.",
    "it": "Questa è una risposta breve alla domanda che ha fatto.",
    "ja": "これは質問に対する短い答えです。",
    "ko": "이것은 질문에 대한 짧은 답변입니다.",
    "nl": "Dit is een kort antwoord op de vraag die je hebt gesteld.",
    "pl": "To jest krótka odpowiedź na pytanie, które zostało zadane.",
    "pt": "Esta é uma resposta curta para a pergunta que você fez.",
    "ro": "Acesta este un răspuns scurt la întrebarea pe care ați pus-o.",
    "ru": "Это короткий ответ на вопрос, который вы задали.",
    "sv": "Det här är ett kort svar på frågan som du har ställt, och inte mycket mer.",
    "th": "นี่คือคำตอบสั้น ๆ สำหรับคำถามของคุณ",
    "tr": "Bu, sorduğunuz soruya çok kısa bir cevap ve daha fazlası değil.",
    "uk": "Це коротка відповідь на запитання, яке ви поставили.",
    "vi": "Đây là câu trả lời ngắn cho câu hỏi của bạn.",
    "zh": "这是对您的问题的简短回答。",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_tells_its_language(code: str) -> None:
    assert code in LANGUAGES
    assert language(SENTENCES[code]) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "42",
        "…",
        "好的",
        "x" * 1_000,
        "qwrtp zxcvb " * 20,
        "```\nthe of and to in is\n```",
        "\u16a0\u16a2" * 30,
    ],
)
def test_what_tells_nothing_is_unknown(text: str) -> None:
    assert language(text) == UNKNOWN


def test_the_language_of_most_of_a_text_counts_and_code_of_none() -> None:
    code = "```python\n" + "the_of_and = is_not_that_for_this\n" * 20 + "```"
    assert language(f"Das ist eine kurze Antwort, und sie ist richtig.\n{code}") == "de"
    assert language("لا، " + SENTENCES["zh"] * 3) == "zh"


def recorded(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@pytest.mark.parametrize(
    ("snapshot", "right", "wrong"),
    [("gpt-4o-2024-05-13", 0.998, 0.002), ("minicpm-v-2_6", 0.96, 0.01)],
)
def test_answers_in_ten_languages_are_told_as_often_as_published(
    shared_data: Path, snapshot: str, right: float, wrong: float
) -> None:
    folder = shared_data / "msts_multilingual"
    asked = {
        case["id"]: next(CODES[tag] for tag in case["tags"] if tag in CODES)
        for case in recorded(folder / "golden.jsonl.gz")
    }
    told = [
        (language(record["output"]), asked[record["id"]])
        for record in recorded(folder / "outputs" / f"{snapshot}.jsonl.gz")
    ]
    assert sum(found == wanted for found, wanted in told) >= right * len(told)
    assert sum(found not in {wanted, UNKNOWN} for found, wanted in told) <= wrong * len(told)


def test_sentences_in_nine_languages_are_told_as_often_as_published(shared_data: Path) -> None:
    source = shared_data / "toxicity" / "multilingual_hatecheck.jsonl.gz"
    told = [
        (language(record["text"]), CODES[record["tags"][-1]])
        for record in recorded(source)
        if record["tags"][-1] != "hindi"  # written in Latin letters there
    ]
    assert sum(found == wanted for found, wanted in told) >= 0.905 * len(told)
    assert sum(found not in {wanted, UNKNOWN} for found, wanted in told) <= 0.013 * len(told)
