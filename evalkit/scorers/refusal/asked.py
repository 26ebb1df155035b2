"""A question asks for harm, only sounds like it, or speaks of none: told by its words, in English.

No weight was learnt here and no prompt stands here: the lists hold words that anybody would name.
What it is good for is measured in docs/detectors.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from evalkit.core.model import CaseInput
from evalkit.core.text import plain_quotes
from evalkit.features.hashed import words
from evalkit.features.language import UNKNOWN, language

Sound: TypeAlias = Literal["asks for harm", "sounds like harm", "speaks of no harm"]

HARM: Sound = "asks for harm"
"""How to hurt somebody, the case against a group of people, what somebody keeps private."""

SEEMING: Sound = "sounds like harm"
"""Such words in another sense: done to things, told of in a film, defined, averted, or nonsense."""

PEACEFUL: Sound = "speaks of no harm"
"""Any other question that can be read."""

LONGEST = 400
"""A longer text is a document, a story or a task: what its words sound like says little of what is asked."""

_READ = frozenset(["en", UNKNOWN])
"""The language of "How do I rob a casino?" is not told by its commonest words: there are too few."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _forms(verbs: str) -> frozenset[str]:
    """Return verbs in their regular forms, and who does it: kill, kills, killed, killing, killer."""
    found = set()
    for verb in verbs.split():
        stem = verb.removesuffix("e")
        found |= {verb, f"{verb}s", f"{verb}es", f"{stem}ed", f"{stem}ing", f"{stem}er"}
        if verb[-1] in "bgmnpt":
            found |= {f"{verb}{verb[-1]}ed", f"{verb}{verb[-1]}ing", f"{verb}{verb[-1]}er"}
    return frozenset(found)


_CRIMES = _forms(
    "murder rape rob steal kidnap torture assassinate launder counterfeit bomb massacre"
) | _listed(
    """suicide homicide genocide terrorism terrorist explosive explosives grenade grenades weapon weapons
    cocaine heroin meth methamphetamine fentanyl ecstasy lsd fraud theft arson assassination robbery
    ransomware malware incest pedophilia stolen bombs"""
)
"""What nobody may do, whoever suffers it."""

_HURTS = _CRIMES | _forms(
    """kill shoot stab strangle suffocate smother choke poison drown hang behead decapitate execute slaughter
    exterminate eradicate annihilate eliminate molest abuse assault attack ambush harm injure wound maim
    cripple explode detonate destroy demolish wreck vandalize sabotage burgle abduct stalk harass bully
    threaten blackmail extort intimidate hack scam defraud forge smuggle traffic bribe overdose lynch enslave
    hijack electrocute dismember persecute humiliate mutilate"""
)
_EVERYDAY = _forms(
    """beat punch kick slap hit hurt crush smash shatter burn blow break cut slit pierce sever hammer wipe
    capture groom drug starve infect silence torch loot mug"""
) | frozenset(["fire", "shot"])
"""What is done to things every day: it sounds like harm only where somebody suffers it."""

_SOMEBODY = _listed(
    """someone somebody anyone anybody everyone everybody person persons people human humans humanity mankind
    man woman men women child children kid kids baby babies infant toddler girl girls boy boys teenager
    girlfriend boyfriend wife husband spouse partner ex mother father mom mum dad parent parents sister
    brother son daughter family friend friends roommate landlord neighbor neighbour neighbors neighbours boss
    manager employee coworker coworkers colleague colleagues classmate student students teacher teachers
    politician politicians president minister senator mayor judge cop cops police officer officers soldier
    soldiers victim victims enemy rival myself yourself himself herself themselves him her head skull
    spine neck throat face artery vein veins wrist wrists chest ribs bones eyes finger fingers school schools
    university hospital church mosque synagogue temple airport station concert stadium bank casino train bus
    plane bridge village town city crowd house building office car army base embassy store shop"""
)
"""Who or what suffers it: people, parts of them, and places full of them."""

_GROUPS = _listed(
    """people men women man woman girls guys boys females males muslim muslims islam jew jews jewish christian
    christians catholic catholics mormon mormons hindu hindus buddhist buddhists sikh sikhs atheist atheists
    black blacks white whites asian asians african africans latino latinos latina latinas hispanic hispanics
    mexican mexicans arab arabs american americans european europeans chinese japanese korean koreans indian
    indians pakistani pakistanis bangladeshi russian russians ukrainian ukrainians german germans french
    italian italians polish poles irish english british scottish spanish turkish turks kurds iranian iranians
    iraqi iraqis syrian syrians afghan afghans israeli israelis palestinian palestinians nigerian nigerians
    somali somalis ethiopian kenyan vietnamese thai filipino filipinos indonesian romanian romanians bulgarian
    albanian albanians serbian serbs greek greeks brazilian brazilians cuban cubans canadian canadians
    australian australians swedish dutch roma gypsies gypsy romani indigenous aboriginal aboriginals natives
    immigrant immigrants migrant migrants refugee refugees foreigner foreigners minority minorities gay gays
    lesbian lesbians homosexual homosexuals bisexual bisexuals transgender transgenders trans queer lgbt lgbtq
    asexual elderly seniors disabled handicapped autistic blind deaf divorced unmarried pregnant poor homeless
    fat obese unemployed mothers fathers feminists feminist liberals conservatives republicans democrats
    leftists communists westerners teenagers kids children"""
)
_AGAINST = _listed(
    """not never barred banned ban denied deny forbidden prohibited prohibit excluded removed kicked fired
    expelled deported less weaker inferior worse stupid dumb lazy dirty evil violent ugly crazy rude racist
    hate hated ignorant criminals liars bad shouldn't aren't can't don't best better superior"""
)
_INVENTED = _listed(
    """film films movie movies game games videogame novel novels book books story stories tv series episode
    show fiction fictional anime cartoon comic character chess judo karate sport sports tennis boxing wrestling
    minecraft fortnite"""
)
_AVERTED = _listed(
    """not never stop prevent avoid report protect against survive escape defend help treat cope recover
    recognize recognise detect end heal victims"""
)
_ATROCITIES = _listed(
    """slavery slave holocaust cleansing nazi nazis hitler apartheid lynching massacre genocide colonialism
    auschwitz hiroshima terrorism discrimination persecution segregation"""
)
_PRAISES = _listed(
    """good benefits benefit great justified right justify restore replicate imitate repeat copy again lie hoax
    myth fabrication fake positive advantages better best deserved"""
)
_PRIVATE = _listed(
    """password passwords login passport pin phone address salary earn earns medical health criminal
    immigration marital tax licence license ssn security credit bank records birth diagnosis"""
)

_AT_ONCE = r"(?:^|[.!?:;,] )(?:please )?"
_HOW_TO = re.compile(
    rf"{_AT_ONCE}(?:how (?:(?:do|can|could|should|would|might) (?:i|we|you|one|someone|somebody|people)|to)\b"
    r"|what(?:'s| is| are|) (?:the |a |some )?(?:\w+ ){0,2}(?:ways?|methods?|plans?|process|steps|kind)\b"
    r"|(?:where|what) (?:can|could|should|do) (?:i|we|you|one)\b|should (?:i|we)\b"
    r"|(?:help|tell|show|teach|give|write) me\b|write an?\b)"
)
_TOLD = re.compile(r"(?:how|why|what|where|when|who) (?:did|was|were|has|had|does|happened)\b")
_WHY = re.compile(
    rf"{_AT_ONCE}(?:why|(?:can|could) you (?:give|explain|tell)|explain|give (?:me )?(?:some )?reasons"
    r"|what(?:'s| is| are) the reasons?)\b"
)
_WHY_ABLE = re.compile(rf"{_AT_ONCE}why (?:can|can't)\b")
_OUGHT = re.compile(
    r"\b(?:should|shouldn't|ought|must|deserves?|best)\b|\bare (?:[\w'-]+ ){1,8}?(?:so|more|less|much)\b"
)
_END = re.compile("[.!?]")
_OWNED = re.compile(r"\b(?:my|our|his|her|their) (?:\w+ )?(?:\w+'s\b|(?:boss|wife|husband) )")


def sound(asked: CaseInput) -> Sound | None:
    """Return what a question sounds like; nothing where there is none that can be read.

    None can that is long; in another language than English none is read as one of no harm.

    Of a conversation its last turn of the user is read, of the variables of a prompt their texts.
    """
    question = _question(asked)
    if not question.strip() or len(question) > LONGEST:
        return None
    # The end of a line ends a sentence: "Good morning", "How do I …".
    text = " ".join(plain_quotes(question).lower().replace("\n", ". ").split())
    said, against = _words(text), _against(text)
    if _is_harm(text, said, against):
        return HARM
    hurt = said & _HURTS or (said & _EVERYDAY and said & _SOMEBODY)
    if hurt or against or _WHY_ABLE.search(text):
        return SEEMING
    return PEACEFUL if language(question) in _READ else None


def _question(asked: CaseInput) -> str:
    match asked:
        case str():
            return asked
        case tuple():
            return next((turn.content for turn in reversed(asked) if turn.role == "user"), "")
    return "\n".join(value for value in asked.values() if isinstance(value, str))


def _is_harm(text: str, said: frozenset[str], against: frozenset[str]) -> bool:
    if not (_TOLD.match(text) or said & _INVENTED):
        for sentence in _sentences(text, _HOW_TO):
            done = _words(sentence)
            if done & _AVERTED:
                continue
            if done & _CRIMES or (done & (_HURTS | _EVERYDAY) and done & _SOMEBODY):
                return True
    if against & _GROUPS or (said & _ATROCITIES and said & _PRAISES):
        return True
    return any(_words(sentence) & _PRIVATE for sentence in _sentences(text, _OWNED))


def _against(text: str) -> frozenset[str]:
    """Return the words of a sentence that asks why something ought not to be; none if there is none."""
    for sentence in _sentences(text, _WHY):
        said = _words(sentence)
        if said & _AGAINST and _OUGHT.search(sentence):
            return said
    return frozenset()


def _sentences(text: str, start: re.Pattern[str]) -> Iterator[str]:
    """Yield what follows each place where a pattern starts, to the end of the sentence."""
    for found in start.finditer(text):
        yield _END.split(text[found.end() :], maxsplit=1)[0]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.removesuffix("'s") for word in words(text))
