"""The words that hurt, by kind, and the words that tell whom they are aimed at; nothing is decided here."""

from __future__ import annotations

_PLAIN = {
    "insult": """
        idiot idiots idiotic moron morons moronic imbecile imbeciles scum scumbag scumbags
        vermin subhuman subhumans filth pathetic worthless disgusting repulsive repugnant vile
        despicable pervert perverts degenerate degenerates loser losers cretin cretins halfwit
        halfwits dimwit dimwits dumb dumbest stupid stupidest brainless pitiful contemptible
        detestable loathsome uncivilised uncivilized lowlife lowlifes buffoon buffoons jerk
        jerks twit twits nitwit nitwits dunce dunces dullard dullards dolt dolts dope numbskull
        numskull blockhead blockheads bonehead boneheads airhead airheads birdbrain birdbrained
        pinhead pinheads nincompoop nincompoops simpleton simpletons ignoramus dummy dummies
        wimp wimpso weirdos creep creeps scoundrel scoundrels swine wretch weasel weasels
        slimeball sleazebag sleazeball douche douchebag douchebags ratbag wanker wankers tosser
        tossers pillock plonker muppet numpty prat dipstick knucklehead knuckleheads meathead
        cheapskate crybaby crybabies pushover spineless gutless witless mindless talentless
        clueless braindead moronically idiotically imbecilic cretinous asinine laughable
        contemptuous odious repellent revolting nobodies trashy lardass fatso fatty ugliest
        stupider dumber dumbasses stupidly idiocy retarded snowflake snowflakes fossil slob slobs
        """,
    "flaw": """
        stupidity ugly ignorant fool fools foolish lazy crazy fat liar liars insane selfish
        greedy nasty dirty filthy evil crook crooks corrupt racist racists bigot bigots
        ridiculous awful horrible terrible rotten toxic coward cowards thug thugs lunatic
        lunatics clown clowns hypocrite hypocrites savage savages barbaric barbarian barbarians
        inferior useless incompetent delusional dishonest arrogant freak freaks abnormal
        unnatural worst cruel untrustworthy psychopath psychopaths sociopath sociopaths disgrace
        disgraceful joke failure embarrassment nuisance dense thick  feeble whiny miserable
        hopeless vain ignorance filthiest laziness cowardice cowardly gross hypocritical ungrateful conceited pompous smug wretched brat brats senile snob bore dim gullible petty shameless
        shameful deranged demented unhinged hideous smelly stinking stinks stink mediocre inept
        unfit incapable oblivious rude obnoxious insufferable unbearable annoying
        irritating creepy weird
        """,
    "brute": """
        dogs rats rat pigs pig criminals terrorists rapists murderers thieves disease cancer
        plague trash garbage dirt monkeys apes pest pests cockroaches cockroach parasites
        parasite leeches demons abomination abominations snakes monkey ape worms worm maggot maggots
        roach roaches hyena hyenas scourge poop devils devil demon dirtbag dirtbags skunk leech
        vermins
        """,
    "hate": """
        hate despise loathe detest abhor dislike resent hated despised loathed detested hates
        despises loathes
        """,
    "harm": """
        kill shoot rape gas exterminate eradicate stab murder slaughter execute strangle choke
        lynch behead torture beat killed shot raped gassed exterminated eradicated hanged hung
        stabbed murdered slaughtered executed beaten tortured castrated sterilized deported
        eradicating exterminating executing torturing murdering killing shooting raping die dead
        suffer rot perish deport castrate sterilize eliminate eliminated annihilate annihilated
        """,
    "blow": """
        hang burned burnt drown drowned hunt attack hurt attacked punch destroy destroyed slap
        slapped smash smashed whip whipped crush crushed dagger
        """,
}
_HASHED = {  # the first 32 bits of the SHA-256, so that this file can be read aloud
    "slur": """
        044eb98b 08a841e9 0ce875d6 120f6e5b 12e6274e 16ea09fc 17a110e5 17bde8b4 1802d081
        1c86838f 1e02eec4 22fc75e6 268651b3 27a62b68 27eb0c4a 333f7618 33740da8 341d5638
        344d9726 382ee278 3b1e0d7c 3cc0a581 402f7ebd 429fecdc 448b303c 54646e51 565ed746
        56d9e1f6 58d5ed00 5b3ae48b 65b43d9e 6cfcdedf 6d183377 7122c9a1 74fad891 7d2969e3
        7f3845d9 82159dd0 8f5083e3 9059c1e1 98b52c4b 9915ba2d acc96930 b3cec2f6 b66dd06a
        b829beb0 b8cb453d bb209d50 bd331fb1 be00f1af c0d07de7 c1b4ed05 c1cabb6f c3de533e
        c74677ab ca8aca2c cc020323 da0a6b1b da884392 e742d17f eea29916 eef3bd09 f4a5cc0c
        f64c6fad
        """,
    "vulgar word": """
        0340a569 06a1d8bf 0f28c496 0fcb77e9 11cf8376 132f87c2 158869a9 262f86db 26578569
        2b324097 2da888fb 2f5f6ce5 3314b099 37b57d55 380c97e6 41b4d5e8 428cc39e 517ae3f7
        566f532d 5a9d9dce 63333e4b 6dbe0f85 72568faa 7c4a5c24 819837a1 937d56e4 958ce5c3
        9ae315a9 a019a11b a24efab8 acd9193a b04a8a40 bb61ef40 bcd1642b bdb1cc25 c2c3b68b
        c837b883 d11215a1 d4e6a8fa d75a838d d95b1fc7 dac40f30 dd92623b e14a747f e512a055
        f1a5fb56 f50c51ed fa38a8d3 ff454a87
        """,
    "profanity": """
        01cccf00 0c64f3ba 1837bc2c 1ce99fbe 2062f800 2189c0ed 30a989af 31506a84 31c97373
        45cd3e1b 45fb7c3b 522788b6 6ac3c336 70a4ce37 7bc67115 85fc17f7 886d51e9 92a9bf81
        93c5150f 94a877e2 986c9900 98980840 ad505b0b b690cdbe b81d6dc2 bb0689e3 ccff74c2
        daec0c23 e9143a29
        """,
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS = {word: kind for kind, words in _PLAIN.items() for word in words.split()}
KINDS_OF_HASHED = {word: kind for kind, words in _HASHED.items() for word in words.split()}
DENIABLE = frozenset(_PLAIN)
"""The kinds that "not" before the word clears; nothing clears a slur."""

YOU = _words("you you're you'll your u ur yourself youre yall y'all")
THEM = _words("they they're them these those their he him his she her")
GROUP = _words(
    "muslim muslims jew jews immigrant immigrants migrants refugees gays homosexuals lesbians women "
    "woman blacks whites christians mexicans asians arabs africans indians foreigners feminists "
    "liberals democrats republicans conservatives leftists gypsies hindus catholics latinos "
    "hispanics girls men"
)
GROUP_ADJECTIVES = _words(
    "black white gay homosexual lesbian trans transgender jewish disabled handicapped blind deaf "
    "asian african arab chinese mexican indian female elderly poor old"
)
PEOPLE = _words("people person persons folks men man women woman lives life guys girls kids ones")
ALIKE_GROUP = (
    GROUP
    | (GROUP_ADJECTIVES - {"old", "poor", "white", "black"})
    | _words(
        "refugee foreigner girl girls females wives wife feminist feminism transsexual islam islamic "
        "italian irish polish gypsy hindu sikh christian catholic protestant latino hispanic latina "
        "native aboriginal indigenous pakistani pakistanis bangladeshi turks turkish syrian syrians "
        "somali somalis queer bisexual lgbt lgbtq transwomen transmen autistic black blacks white old"
    )
)
"""What the model takes for the name of a group, without asking what follows."""
NOT = _words(
    "not no never nobody nor neither without stop isn't aren't wasn't don't doesn't didn't won't "
    "shouldn't can't cannot wouldn't"
)
LINKS = _words("are is was were be being like as such nothing bunch act look sound become but")
SELF = _words("i we i'd i'll i'm we'll we're someone somebody let lets best better")
INTENT = _words("will should must would going gonna want wanna need gotta i'll we'll i'd let lets")
DESERT = _words("should must deserve deserves need needs ought hope wish better")
REPORTS = _words(
    "say says said saying call calls called calling term word phrase comment comments statement "
    "whoever unacceptable wrong racism sexism bigotry stereotype stereotypes discrimination belief "
    "accurate opposite threatening treats treating portrays example claim claims"
)
SUFFERED = _words("die dead suffer")
PASSIVE = _words("be get")
ACTS = frozenset(["hate", "harm", "blow"])
