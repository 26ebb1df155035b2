"""In which language a text is written: by its script, and by its commonest words and own letters."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from evalkit.core.text import plain_quotes
from evalkit.features.markdown import without_code

UNKNOWN = "unknown"
"""The language of a text that is too short, or in none of the known ones."""

LEAST_LETTERS = 20
"""X"""

READ = 4_000
"""Characters of a text that are read."""

_LEAST_LEAD = 1.15  # over the language that comes second
_LEAST_SHARE = 0.08  # of the words, of a language's commonest; an English answer has about a half
_WORD = re.compile(r"[^\W\d_]+")

# The commonest words of each language written in Latin letters. One that several languages share
# counts less.
_COMMON: Mapping[str, str] = {
    "en": "the of and to in is that it for as with was on be by are this have from or not but you "
    "at an they which can will would there their what if your all has more one about who we "
    "when so do he she his her him me my no yes than then how why where into out up only some "
    "any these those because should could may after before does did had were been being its",
    "de": "der die das und ist nicht ein eine zu den von mit sich auf für dem des im auch es an als "
    "sie ich wir werden wird sind bei oder aus dass kann wie nach einer einem einen über noch "
    "nur diese dieser dieses aber haben hat man war wenn mir mich dich sein ihr uns zum zur "
    "keine alle muss müssen soll sollte sollten etwa mehr viel sehr dann also vor zwischen "
    "unter gegen ohne durch hier alles etwas nichts bitte ja nein denn weil damit würde "
    "könnte kein keinen ihre ihren seine wer wo warum welche",
    "fr": "le la les de des du un une et est en que qui dans pour pas sur ce cette il elle je vous "
    "nous avec au aux par ne se sont plus ou mais comme être cela ces leur leurs son sa ses "
    "tout tous fait peut si on ils elles votre vos dont aussi entre sans très bien faut faire "
    "pendant était lui moi toi même alors donc peu après avant chaque autre autres quand "
    "comment oui non où peuvent doit ainsi également vers fais dois ici rien jamais toujours "
    "j ai n d l qu s c",
    "es": "el la los las de del y que en un una es no se por con para su sus al lo como más o pero "
    "este esta esto ser son está están ha hay muy si sobre entre cuando todo también me te le "
    "les nos porque puede fue qué yo tú eres usted ellos cada hacer hace sin hasta desde "
    "donde cómo nada algo otro otra otros solo mismo así antes después mis tus soy tiene "
    "tienen tengo debe pueden eso esa ese aquí fueron deben esos esas sido algunos debería "
    "puedo",
    "pt": "o a os as de do da dos das e que em um uma é não se por com para seu sua ao no na nos "
    "nas mais como mas ou ser são está estão foi há muito isso este esta você eu ele ela "
    "também pode quando sobre entre já todos porque pelo pela tem sem até essa esse fazer "
    "quem onde nada algo cada outro outra só mesmo assim antes depois deve podem tenho aqui "
    "aos pois dele dela nem meu minha deveria posso esses essas eram",
    "it": "il lo la i gli le di del della dei delle e che è in un una non per con si da al alla "
    "sono come più ma o anche se questo questa essere ha ho hanno nel nella su ci mi ti suo "
    "sua molto quando tutti tutto perché può dal dalla fare io tu lui lei noi voi loro cosa c "
    "ai agli sei solo dovrei questi queste senza prima ogni mia tua essi però fa altro altri "
    "stesso così dopo deve possono qui qualcosa niente allora quindi mio dovrebbe posso dagli "
    "negli sui quelli quella stato stata",
    "nl": "de het een en van is dat niet in op te zijn met voor aan er die om ook als maar bij of "
    "dan naar ik je we wij ze zij hij dit deze wordt worden kan kunnen hebben heeft uit door "
    "over nog geen meer was wat hoe moet veel alle mijn jouw me jij jou zoals zonder deed zou "
    "wel niets iets moeten mag zal waar wie waarom hier daar iemand ander andere toch al nu "
    "onder tussen tegen kon wilt wil ga",
    "sv": "och att det som en är på för av med den till inte i ett om har de jag du vi kan var så men "
    "från eller när hur alla detta denna dessa också bara ska skulle vara blir mycket mer sig sin",
    "da": "og at det som en er på for af med den til ikke i et om har de jeg du vi kan var så men fra "
    "eller når hvordan alle dette denne disse også kun skal skulle være bliver meget mere sig sin "
    "hvad hvis nogle dig mig efter",
    "pl": "i w na z że się nie to jest do o jak ale po od za co tak są być dla przez czy może tym "
    "tego jego jej ich który która które oraz lub już tylko też jeśli gdy mnie mi ja ty my wy "
    "oni bardzo wszystko ten ta te bez pod nad mam masz jesteś jestem będzie można należy "
    "trzeba więc dlatego gdzie kto dlaczego tutaj nawet przed przy między",
    "cs": "a je v na se že to s z do o jako ale po od za jak co tak jsou být pro aby nebo by si by "
    "když jeho její jejich který která které už jen také pokud mi já ty my oni velmi ten ta není "
    "může podle při které jsem jste",
    "ro": "și în de la a cu pe nu este un o că să din pentru care mai sunt se ce ca dar sau am ai au fi "
    "prin dacă cum tot toate foarte acest această lui ei lor eu tu el ea noi voi poate fost între",
    "hu": "a az és hogy nem is egy ez azt meg de van vagy ha el csak már mint még kell ki volt lehet "
    "ezt minden nagyon én te ő mi ti ők nem vagyok vagy sem aki ami amely után között szerint lesz",
    "fi": "ja on ei se että en ole hän oli kun mutta tai niin kuin myös jos ovat voi ne tämä joka sen "
    "minä sinä me te he mitä vain jo nyt siitä sitä kanssa olla olen koska kuitenkin hyvin kaikki",
    "tr": "ve bir bu da de için ile çok ne var daha gibi olan olarak ama en o ben sen biz siz onlar "
    "mi mı değil kadar her şey sonra ya veya olduğu bunu şu nasıl ancak göre ise hem yok",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga saya ke karena ada adalah "
    "oleh bisa atau anda mereka kita kami dapat sebagai lebih sudah jika harus telah seperti banyak "
    "tetapi semua orang apa bagi",
    "vi": "và là của có không cho được các một những trong người với để này đã khi đó từ như về cũng "
    "tôi bạn ra vào nhiều hay hoặc nếu thì mà rất sẽ phải lại chúng ta họ làm gì",
}
# Letters that one or two languages have and the others hardly ever.
_LETTERS: Mapping[str, str] = {
    "ß": "de", "ñ¿¡": "es", "ãõ": "pt", "łżąęśźć": "pl", "řěů": "cs", "őű": "hu", "ğı": "tr",
    "șță": "ro", "ø": "da", "æ": "da", "ơưạảấầẩậắằặẹẻếềểệịọỏốồổộớờởợụủứừửữựỳỵỷỹđ": "vi", "œ": "fr",
}  # fmt: skip
_OF_LETTER = {letter: code for letters, code in _LETTERS.items() for letter in letters}
_ENDINGS: Mapping[str, str] = {
    "ung": "de", "keit": "de", "heid": "nl", "ción": "es", "ciones": "es", "ção": "pt", "ções": "pt",
    "zione": "it", "zioni": "it", "mente": "", "aient": "fr", "eux": "fr", "ość": "pl", "ować": "pl",
    "lar": "tr", "ler": "tr", "ing": "en", "ij": "nl",
}  # fmt: skip


def _weights() -> dict[str, tuple[tuple[str, float], ...]]:
    by_word: dict[str, list[str]] = {}
    for code, words in _COMMON.items():
        for word in dict.fromkeys(words.split()):
            by_word.setdefault(word, []).append(code)
    return {
        word: tuple((code, 1 / len(codes)) for code in codes) for word, codes in by_word.items()
    }


_WEIGHTS = _weights()

# Where the blocks of letters begin, and what is written there.
_BLOCKS: tuple[tuple[int, str], ...] = (
    (0x0000, "Latin"), (0x0370, "el"), (0x0400, "Cyrillic"), (0x0530, ""), (0x0590, "he"),
    (0x0600, "Arabic"), (0x0780, ""), (0x0900, "hi"), (0x0980, "bn"), (0x0A00, ""), (0x0B80, "ta"),
    (0x0C00, "te"), (0x0C80, ""), (0x0E00, "th"), (0x0E80, ""), (0x10A0, "ka"), (0x1100, "ko"),
    (0x1200, ""), (0x1E00, "Latin"), (0x1F00, "el"), (0x2000, ""), (0x3040, "ja"), (0x3100, ""),
    (0x3400, "Han"), (0xA000, ""), (0xAC00, "ko"), (0xD7B0, ""), (0xF900, "Han"), (0xFB00, ""),
    (0xFF66, "ja"), (0xFFA0, ""), (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
_STARTS = [start for start, _ in _BLOCKS]
_WORTH: Mapping[str, int] = {"Latin": 1, "Cyrillic": 1, "": 0, "ja": 3, "Han": 3, "ko": 3}
_WORTH_OF_OTHERS = 2
_KANA_SHARE = 0.05


LANGUAGES = tuple(
    sorted(
        {
            *_COMMON,
            "ru",
            "uk",
            "bg",
            "ar",
            "fa",
            "zh",
            *(code for _, code in _BLOCKS if code.islower()),
        }
    )
)
"""The codes of the languages that can be told."""


def language(text: str) -> str:
    """Return the language of a text as its ISO 639-1 code, "unknown" where nothing tells it.

    Fenced code is left out, and what follows the first 4,000 characters.

    >>> language("Das ist eine Antwort, und sie ist nicht sehr lang."), language("Yes.")
    ('de', 'unknown')
    >>> language("これは日本語で書かれた答えです。"), language("Это ответ на русском языке.")
    ('ja', 'ru')
    """
    plain = without_code(text[:READ])
    scripts = {"Latin": sum(map(str.isalpha, plain))} if plain.isascii() else _scripts(plain)
    worth = {name: count * _WORTH.get(name, _WORTH_OF_OTHERS) for name, count in scripts.items()}
    if sum(worth.values()) < LEAST_LETTERS:
        return UNKNOWN
    script = max(sorted(worth), key=worth.__getitem__)
    match script:
        case "Latin":
            return _of_words(plain)
        case "Cyrillic":
            return _of_cyrillic(plain)
        case "Arabic":
            return _of_arabic(plain)
        case "Han" | "ja":
            kana = scripts.get("ja", 0)
            return "ja" if kana > _KANA_SHARE * (kana + scripts.get("Han", 0)) else "zh"
        case _:
            return script


def _scripts(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for char, count in Counter(text).items():
        if char.isalpha():
            found[_BLOCKS[bisect_right(_STARTS, ord(char)) - 1][1]] += count
    return found


def _of_words(text: str) -> str:
    """Return the language in Latin letters whose commonest words and own letters stand in a text."""
    words = _WORD.findall(plain_quotes(text).lower())
    score: dict[str, float] = {}
    for word, count in Counter(words).items():
        for code, weight in _WEIGHTS.get(word, ()):
            score[code] = score.get(code, 0.0) + weight * count
    for code, worth in _own_letters(text.lower()):
        score[code] = score.get(code, 0.0) + worth
    ranked = sorted((-value, code) for code, value in score.items())
    if not ranked or -ranked[0][0] < _LEAST_SHARE * len(words):
        return UNKNOWN
    clear = len(ranked) == 1 or ranked[0][0] <= _LEAST_LEAD * ranked[1][0]
    return ranked[0][1] if clear else UNKNOWN


def _own_letters(lower: str) -> Iterator[tuple[str, float]]:
    if lower.isascii():
        return
    for letter, count in Counter(lower).items():
        if letter in _OF_LETTER:
            yield _OF_LETTER[letter], float(count)


def _of_cyrillic(text: str) -> str:
    lower = text.lower()
    if _any(lower, "іїєґ"):
        return "uk"
    return "bg" if "ъ" in lower and not _any(lower, "ыэё") else "ru"


def _of_arabic(text: str) -> str:
    """Tell Persian from Arabic by the letters that only one of them has."""
    persian, arabic = (sum(map(text.count, letters)) for letters in ("پچژگکی", "كيةىأإ"))
    return "fa" if persian > arabic else "ar"


def _any(text: str, letters: Iterable[str]) -> bool:
    return any(letter in text for letter in letters)
