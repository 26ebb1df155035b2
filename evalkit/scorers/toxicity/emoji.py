"""Emoji become words here: who is shown, and what a beast, a weapon or a face stands for.

The words are put behind the emoji in the text, so that "I hate 👩" is read as "I hate women" by
weights and rules alike. The emoji itself still counts, by its name.
"""

from __future__ import annotations

import re

CHARS = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff"
"""What is read as an emoji, for a class of a pattern."""

_STANDS_FOR = {
    "women": "👩👧👵👸👰💃👯🤱🤰🙎🙍💁👭🚺",
    "men": "👨👦👴🤴🕺🤵🧔👬🚹",
    "people": "🧑👶👱🧒🧓👤👥👪👫💏💑🙇🙋🙆🤷🤦🚶🏃",
    "gay people": "🌈",
    "trans people": "⚧",
    "muslims": "👳☪🕌🕋📿",
    "muslim women": "🧕",
    "jews": "✡🕎🕍🔯",
    "christians": "✝⛪",
    "hindus": "🕉🛕",
    "chinese people": "👲",
    "disabled people": "♿🦽🦼",
    "deaf people": "🧏🦻",
    "blind people": "🦯",
    "refugees": "🚣🛶",
    "aliens": "👽👾🛸",
    "police": "👮",
    "rats": "🐀🐁🐭",
    "pigs": "🐷🐖🐽",
    "monkeys": "🐒🐵🦍🦧🙈🙉🙊",
    "dogs": "🐕🐶🐩",
    "snakes": "🐍",
    "cockroaches": "🪳",
    "parasites": "🐛🪱🦟🦠🕷",
    "devils": "👹👺👿😈",
    "clowns": "🤡",
    "trash": "🗑🚮🚯🚽",
    "poop": "💩",
    "disgusting": "🤢🤮",
    "shoot": "🔫",
    "stab": "🔪🗡",
    "kill": "⚔🪓",
    "bomb": "💣🧨",
    "hang": "🪢",
    "dead": "☠💀⚰🪦⚱",
    "fuck": "🖕",
    "love": "❤😍🥰💕💖💗💙💚💛💜🖤🤎🤍💘💝💞💓♥😘",
    "not": "🚫❌🙅⛔📵🚷❎",
    "yes": "✅☑✔",
    "true": "💯",
    "bad": "👎",
    "good": "👍",
}
_WORDS_OF = {char: words for words, chars in _STANDS_FOR.items() for char in chars}
_TOGETHER = {  # joined emoji that stand for something else than the first of them
    "🏳🌈": "gay people",
    "🏳⚧": "trans people",
    "👨❤": "gay men",
    "👩❤": "lesbian women",
    "👩❤👨": "people",
    "👩❤💋👨": "people",
    "👨👨": "gay men",
    "👩👩": "lesbian women",
}
_LONGEST_TOGETHER = max(map(len, _TOGETHER))
_NATIONS = {  # as they are spoken of; the rest of the flags stand for no word
    "mexicans": "mx",
    "chinese people": "cn hk tw",
    "indians": "in",
    "pakistanis": "pk",
    "arab people": "sa ae iq ir eg ye om qa",
    "jews": "il",
    "africans": "ng gh ke et sd cd cf za",
    "somalis": "so",
    "syrians": "sy",
    "polish people": "pl",
    "irish people": "ie",
    "italian people": "it",
    "turks": "tr",
    "asians": "jp kr kp vn th ph my id",
    "immigrants": "ro bg al ua af bd lk ps jm ht cu co ve br",
}
_NATION_OF = {code: words for words, codes in _NATIONS.items() for code in codes.split()}
_COLOURED = frozenset(["women", "men", "people"])
_DARK = frozenset("\U0001f3fe\U0001f3ff")
_TONES = "\U0001f3fb-\U0001f3ff"
_FLAGS = "\U0001f1e6-\U0001f1ff"
_FIRST_OF_FLAGS = 0x1F1E6
_JOINER = "\u200d"

ASIDE = frozenset([*_WORDS_OF, *"♂♀🏳🏻🏼🏽🏾🏿", *map(chr, range(_FIRST_OF_FLAGS, 0x1F200))])
"""Emoji that are read as the words behind them, and what only changes another emoji."""

_CLASSES = {  # of those that stand for no word
    "e_harm": "🏹💥",
    "e_brute": "🐪🐫🐑🐏🐄🐮🐂🐌🦗🐐",
    "e_hate": "😡🤬😠😤",
    "e_love": "👏🙏😊😁😂🤣😀🎉💪✊",
}
CLASS_OF = {char: name for name, chars in _CLASSES.items() for char in chars}
LETTERS = {  # signs that stand for a letter in the middle of a word
    **{
        chr(start + place): chr(ord("a") + place)
        for start in (0x24D0, 0x1F130, 0x1F150, 0x1F170, _FIRST_OF_FLAGS)
        for place in range(26)
    },
    **dict(zip("⭕ℹ❌❎➕✝💲", "oixxtts", strict=True)),
}
_LETTERS = "".join(LETTERS)
_AS_LETTERS = re.compile(
    rf"(?:(?<=[a-z])|(?<=[a-z]\d))[{_LETTERS}]{{1,8}}|[{_LETTERS}]{{1,8}}(?=[a-z])"
)
_ANY = re.compile(rf"[{CHARS}{_LETTERS}]")
_FLAG = re.compile(rf"[{_FLAGS}]{{2}}")
_SEQUENCE = re.compile(
    rf"[{_FLAGS}]{{2}}|[{CHARS}][{_TONES}]?(?:{_JOINER}[{CHARS}][{_TONES}]?){{0,6}}"
)
_EQUAL = re.compile(r"[/!]=|=/|[=≠]")


def spelled_out(text: str) -> str:
    """Return a text in lower case with letters for emoji within words, and words behind the others.

    Beside emoji, "=" says that somebody is something.

    >>> spelled_out("i ha✝e 👩").split()
    ['i', 'hate', '👩', 'women']
    """
    if not _ANY.search(text):  # nearly every text: one class of signs is looked for fast
        return text.replace(_JOINER, "")
    text = _AS_LETTERS.sub(_letters, text)
    found = _SEQUENCE.sub(_with_words, text)
    if found != text:
        found = _EQUAL.sub(lambda sign: " is " if sign.group() == "=" else " not ", found)
    return found.replace(_JOINER, "")


def _letters(signs: re.Match[str]) -> str:
    found = signs.group()
    return found if _FLAG.fullmatch(found) else "".join(LETTERS[sign] for sign in found)


def _with_words(sequence: re.Match[str]) -> str:
    chars = sequence.group().replace(_JOINER, "")
    first = chars[0]
    if _FLAG.fullmatch(chars):
        code = "".join(LETTERS[char] for char in chars)
        return f" {chars} {_NATION_OF.get(code, '')} "
    plain = "".join(char for char in chars if not "\U0001f3fb" <= char <= "\U0001f3ff")
    for length in range(min(len(plain), _LONGEST_TOGETHER), 1, -1):
        if words := _TOGETHER.get(plain[:length]):
            return f" {first} {words} "
    words = _WORDS_OF.get(first, "")
    if not words:
        return chars
    if words in _COLOURED and not _DARK.isdisjoint(chars):
        words = f"black {words}"
    return f" {chars} {words} "
