"""Turns of phrase that hurt without a word of the lists, each kind with what it adds."""

from __future__ import annotations

import re

PHRASES = {  # turns of phrase without a word of their own in the lists
    "death wish": (3.2, r"kill (?:yourself|urself)|go (?:and )?die\b|drop dead\b|rot in hell"),
    "curse": (
        2.4,
        (
            r"burn in hell|go to hell\b|death to (?:all|every|those|them)\b|i (?:hope|wish) (?:you|they|he|she) (?:all )?"
            r"(?:die|suffer|rot|burn|get cancer)\b"
        ),
    ),
    "ill wish": (
        2.9,
        (
            r"never been born|wish you (?:were|had|would) (?:\w+ )?(?:dead|never|die|gone)|(?:^|go |just |go and |please )jump off (?:a|the) (?:\w+ )?"
            r"(?:bridge|cliff|building|roof)|crawl (?:back )?(?:under|into|to) |go (?:and )?(?:drown|hang|choke|play in traffic"
            r"|jump|burn|rot)\b|take a long walk off|(?:deserves?|ought) to (?:die|hang|suffer|rot|fail|be (?:shot|hanged|beaten"
            r"|punched|slapped|whipped|fired|locked up))\b"
            r"|(?:hope|wish) (?:that )?(?:you|your \w+) (?:all )?(?:will )?(?:never|die|rot|burns?|chokes?"
            r"|suffers?|fails?|loses?|crash(?:es)?|get (?:sick|hurt|fired|cancer|hit|run over)|trip|fall)\b"
        ),
    ),
    "dismissal": (
        2.6,
        (
            r"shut (?:(?:the|your) \w+ )?up\b|shut your (?:\w+ )?(?:mouth|trap|face|hole)|screw you\b"
            r"|(?:^|just |so |now )get lost\b(?! in)|nobody (?:likes|loves|wants|cares about|would miss|will miss|asked) you\b"
            r"|no one (?:likes|loves|wants|cares about|would miss|will miss|asked) you\b"
            r"|waste of (?:space|oxygen|air|skin|time and space)|you (?:make me (?:sick|puke)|disgust me)\b"
            r"|(?:wasting|waste) (?:my|our|everyone's|everybody's) time|go away you\b|get out of my (?:face|sight)"
        ),
    ),
    "put-down": (
        2.7,
        (
            r"(?:use|using|buy|find|get) (?:your|a) (?:brain|head)|(?:have|had|got) (?:no|half a|a|any) brain"
            r"|(?:have|has|having|with|got) the (?:\w+ )?(?:intelligence|brains?|iq|wits?|personality|charm|mind|skills?) of"
            r"|(?:as|about as|so|no) (?:\w+ )?(?:sharp|smart|bright|useful|interesting|quick|clever|thick|dumb"
            r"|dense|stupid) as (?:a|an|two|the) (?!possible)\w+"
            r"|(?:potato(?:es)?|rocks?|bricks?|goldfish|houseplants?|toasters?|doorknobs?|monkeys?|toddlers?|dogs?|worms?"
            r"|amoebas?|marbles?|walls?) (?:\w+ ){0,2}(?:with )?(?:has |have )?(?:\w+ ){0,3}than you\b"
            r"|(?:talking|explaining (?:\w+ )?|speaking) to (?:you is (?:like|as)|a (?:brick )?(?:wall|rock|brick|toddler))"
            r"|(?:no one|nobody) (?:\w+ )?(?:takes|respects|needs|trusts|believes|invites|listens to|cares about) you\b"
            r"|(?:no one|nobody) (?:\w+ )?wants (?:to (?:\w+ ){1,3}(?:with |to |next to |near |by )?)?you\b"
            r"|you have (?:absolutely )?no (?:talent|brain|brains|shame|class|taste|friends|life|spine|backbone|manners"
            r"|dignity|decency|soul|heart|self respect|common sense|sense)\b"
            r"|you must be (?:the (?:\w+ )?(?:dumbest|stupidest|laziest|slowest|most|least|worst)|(?:really |so |very )?"
            r"(?:dumb|stupid|dense|thick|blind|deaf|slow|dim|insane|joking|brain ?dead))\b"
            r"|laugh(?:s|ing)? (?:at you|behind your)|dropped on your head|half a brain|brain cells?\b"
            r"|lack(?:s|ing)? the (?:\w+ )?(?:brains?|wits?|intelligence|skills?|guts|decency|sense) (?:for|to|of)"
            r"|(?:manners|sense|memory|attention span|taste|depth|charisma|looks|judgement|judgment) of an? \w+"
            r"|(?:everybody|everyone|we all|they all|people) (?:\w+ )?(?:hates?|despises?|laughs? at|pities|is sick of|are sick of) you\b"
            r"|(?:wife|husband|girlfriend|boyfriend|family|friends?|children|kids|dog|father|mother) (?:\w+ )?(?:left|hates?|dumped) you\b"
            r"|(?:sorry for|pity) (?:anyone|whoever|your|the people|everyone|the poor)"
            r"|any (?:\w+ )?(?:fool|idiot|child|moron|toddler|monkey|half ?wit|simpleton) (?:could|can|would|knows|sees)"
            r"|end up alone\b|you(?:'re| are) an? (?:\w+ )?(?:bad|evil|stupid|horrible|terrible|awful|cruel|nasty|sad|weak) (?:person|human|man|woman)"
            r"|get out of here you\b"
            r"|your way out of a|your (?:\w+ )?(?:ideas?|work|code|writing|opinions?|questions?|face|life|manners|english"
            r"|spelling|grammar|taste|family|effort|attempt) (?:is|are) (?:\w+ )?(?:garbage|trash|rubbish|junk|worthless"
            r"|pathetic|a joke|stupid|idiotic|laughable|awful|terrible|disgusting|embarrassing|a disgrace|appalling)\b"
            r"|too (?:\w+ )?(?:dumb|stupid|dense|thick|lazy|slow|dim|ignorant|incompetent|useless|ugly|fat|weak) for\b"
            r"|you(?:'re| are)(?: \w+)? (?:nothing|nobody|worth nothing|good for nothing)\b(?! (?:like|compared|if|without|but the))"
            r"|hardly worth (?:my|the) (?:time|effort|breath)|grow up\b|grow a (?:spine|brain|pair)|get a life\b|learn to read\b"
            r"|what(?:'s| is| the \w+ is) wrong with you\b(?! today)"
            r"|(?:your (?:own )?(?:mother|parents|family|father)) must (?:be|have)"
            r"|(?:shame|pity) (?:on|for) you\b|ashamed of (?:yourself|how|your)"
            r"|(?:amount to|come to|good for) (?:anything|nothing)\b"
            r"|thick as (?:\w+ ){0,2}(?:planks?|bricks?|mince)|sharpest (?:tool|knife)|brightest (?:bulb|spark)"
            r"|not (?:very |too |so |exactly |particularly |that |all that |really )?(?:bright|smart|clever|intelligent)\b"
            r"|(?:do|doing) (?:the|us|everyone|everybody|yourself|me)(?: \w+)? a favou?r and"
            r"|(?:can't|cannot) (?:even )?believe how (?:\w+ )?(?:dense|stupid|dumb|thick|slow|dim|ignorant|lazy"
            r"|useless|pathetic|rude|clueless)|(?:can't|cannot) stand you\b|beneath contempt"
            r"|even (?:a|my|any) (?:\w+ ){0,2}(?:child|toddler|five year old|monkey|dog|goldfish|potato|ape)"
            r" (?:could|would|can|knows|has)|trained (?:monkey|ape) (?:could|would)|world would be (?:a )?better|better off without you"
            r"|nobody (?:would|will) (?:miss|ever)|too (?:dumb|stupid|dense|thick|lazy|slow|dim|ignorant) to\b"
            r"|how (?:dumb|stupid|dense|thick|dim|ignorant|pathetic) (?:are |can |do )?you\b"
            r"|are you (?:\w+ )?(?:stupid|dumb|dense|thick|brain ?dead|retarded|deaf|slow|blind|dim|serious)\b"
            r"|get (?:it )?through your (?:thick )?(?:skull|head)|bottom of the barrel"
            r"|slap you|you(?:'ll| will) never (?:amount|be anything|understand anything|get anywhere)\b"
            r"|(?:someone|somebody|anyone|people|person|user) (?:as|this|that|so) (?:lazy|useless|stupid|dumb"
            r"|ignorant|incompetent|dense|slow|clueless|pathetic|worthless|ugly|rude|greedy|selfish|dim)\b"
            r"|your (?:\w+ )?(?:stupidity|ignorance|incompetence|laziness|idiocy|arrogance|cluelessness)\b"
            r"|(?:trash|garbage|rubbish|awful|terrible|pathetic|worthless|disgusting|stupid) (?:and )?so are you\b"
        ),
    ),
    "scorn": (
        1.5,
        (
            r"only an? (?:\w+ )?\w+ (?:would|could|needs?|asks?)\b|what (?:kind|sort) of (?:an? )?(?:\w+ )?\w+"
            r" (?:would|could|needs?|asks?)\b|what an? (?:\w+ ){0,2}(?:question|idea|request|answer|person|thing to|waste)\b"
        ),
    ),
    "the likes of you": (
        1.5,
        (
            r"(?:people|someone|somebody|anyone|persons?|users?|fools?|women|men) (?:as \w+ as|like) you\b"
            r"|you people\b|the likes of you\b|you (?:lot|guys) are all"
        ),
    ),
    "name-calling": (
        2.9,
        (
            r"(?:^|oh |that )you(?: are|'re)? (?:an? )?(?:\w+ )?(?:piece|sack|pile|heap|excuse) (?:of|for)\b"
            r"|you (?:absolute|complete|utter|total|little|miserable|pathetic|blithering|worthless|ugly|nasty"
            r"|insufferable|ungrateful|spoiled|spoilt|hypocritical|arrogant|selfish|rude|horrible|awful|wretched|hopeless"
            r"|ignorant|disgusting|vile|greedy|conceited|pompous|smug|clueless|brainless|annoying|tiresome|foolish"
            r"|old|silly|stupid|filthy|useless|poor|big|sad|dumb|lazy)"
            r" (?:\w+ )?(?:clown|joke|baby|fool|creep|nobody|waste|failure|disgrace|cow|pig|dog|rat"
            r"|snake|witch|hag|worm|child|brat|animal|monster|donkey|goat|man|woman|thing|toad|bore|brat|know ?it ?all|know it all|excuse|person|being|snob|hack|fraud|liar|crybaby"
            r"|amateur|dinosaur|troll|parasite|windbag|slob|peasant|hypocrite|sheep|puppy|scoundrel|user)\b"
            r"|(?:don't|stop|quit) be(?:ing)? (?:such )?an? (?:\w+ )?(?:baby|idiot|fool|moron|loser|jerk|coward"
            r"|pain|snob|clown|brat|child|wimp)\b"
            r"|you(?:'re| are) (?:(?:really|truly|clearly|simply|just|such|quite|honestly|nothing but|nothing more than)"
            r" )?(?:a|an|the) (?:(?:total|complete|absolute|real|utter|little|big|huge|massive|worthless|pathetic"
            r"|spineless|walking|disgusting|miserable|terrible|awful|sad) )?"
            r"(?:joke|disgrace|failure|embarrassment|burden|waste|nuisance|nobody|disappointment|mistake"
            r"|monster|brat|pain|menace|animal|baby|parasite|hack|fraud|coward|snob|bore|clown|liar)\b"
        ),
    ),
    "contempt": (  # counts where a group is named in the sentence
        2.8,
        (
            r"get rid of|put an end to|wipe out|better off without|no place (?:for|in)|sick of"
            r"|snap the necks? of|go back to|never trust|not our equals?|infest(?:ing|ed)?\b"
            r"|(?:threat|danger) to (?:our|society|civili)|belong in (?:a |the )?(?:zoo|cage|oven|camp)"
            r"|locked up|piss(?:es|ing)? (?:me|us) off|makes? (?:me|us) (?:sick|furious|puke|vomit)"
            r"|disgusts? (?:me|us)|fed up with|disgusted by|no better than|less than human|swarms? of"
            r"|not (?:even )?human|(?:contempt|scorn|disdain) for|(?:are not|aren't|isn't|not) worth"
            r"|should not exist|shouldn't exist|nothing worse than|the absolute worst|would all be dead"
            r"|ruin(?:s|ed|ing)? (?:our|the|this|every)"
        ),
    ),
}
PATTERNS = {name: re.compile(rf"\b(?:{pattern})") for name, (_, pattern) in PHRASES.items()}
TRIGGERS = frozenset(  # one of these stands in every phrase
    [
        "kill",
        "die",
        "dead",
        "rot",
        "hell",
        "death",
        "hope",
        "wish",
        "shut",
        "screw",
        "lost",
        "nobody",
        "one",
        "waste",
        "wasting",
        "rid",
        "end",
        "wipe",
        "off",
        "place",
        "sick",
        "neck",
        "necks",
        "back",
        "trust",
        "equal",
        "equals",
        "infest",
        "infesting",
        "infested",
        "threat",
        "danger",
        "zoo",
        "cage",
        "oven",
        "camp",
        "locked",
        "piss",
        "pisses",
        "pissing",
        "makes",
        "make",
        "disgust",
        "disgusts",
        "fed",
        "disgusted",
        "better",
        "human",
        "swarm",
        "swarms",
        "contempt",
        "scorn",
        "disdain",
        "worth",
        "exist",
        "worse",
        "worst",
        "away",
        "face",
        "sight",
        "brain",
        "head",
        "intelligence",
        "iq",
        "wit",
        "wits",
        "personality",
        "charm",
        "mind",
        "skill",
        "skills",
        "wrong",
        "must",
        "shame",
        "pity",
        "ashamed",
        "amount",
        "good",
        "come",
        "people",
        "someone",
        "somebody",
        "anyone",
        "thick",
        "sharpest",
        "brightest",
        "bright",
        "smart",
        "clever",
        "intelligent",
        "favor",
        "favour",
        "believe",
        "stand",
        "beneath",
        "child",
        "toddler",
        "five",
        "monkey",
        "dog",
        "goldfish",
        "potato",
        "ape",
        "dumb",
        "stupid",
        "dense",
        "lazy",
        "slow",
        "dim",
        "ignorant",
        "pathetic",
        "dead",
        "deaf",
        "blind",
        "serious",
        "skull",
        "barrel",
        "slap",
        "won't",
        "never",
        "retarded",
        "piece",
        "sack",
        "pile",
        "heap",
        "excuse",
        "ruin",
        "ruins",
        "ruined",
        "ruining",
        "absolute",
        "complete",
        "utter",
        "total",
        "little",
        "miserable",
        "blithering",
        "worthless",
        "ugly",
        "nasty",
        "old",
        "silly",
        "filthy",
        "useless",
        "poor",
        "big",
        "sad",
        "joke",
        "disgrace",
        "failure",
        "embarrassment",
        "burden",
        "nuisance",
        "disappointment",
        "mistake",
        "monster",
        "brat",
        "pain",
        "menace",
        "animal",
        "baby",
        "parasite",
        "hack",
        "fraud",
        "coward",
        "snob",
        "bore",
        "clown",
        "liar",
        "braindead",
        "likes",
        "lot",
        "guys",
        "don't",
        "quit",
        "incompetence",
        "arrogance",
        "laziness",
        "idiocy",
        "ignorance",
        "stupidity",
        "cluelessness",
        "clueless",
        "rude",
        "greedy",
        "selfish",
        "incompetent",
        "sharp",
        "useful",
        "interesting",
        "quick",
        "talking",
        "explaining",
        "speaking",
        "talent",
        "brains",
        "class",
        "taste",
        "friends",
        "life",
        "spine",
        "backbone",
        "manners",
        "dignity",
        "decency",
        "soul",
        "heart",
        "self",
        "sense",
        "dumbest",
        "stupidest",
        "laziest",
        "slowest",
        "most",
        "least",
        "laugh",
        "laughs",
        "laughing",
        "dropped",
        "cell",
        "cells",
        "way",
        "born",
        "jump",
        "crawl",
        "drown",
        "hang",
        "choke",
        "play",
        "burn",
        "walk",
        "deserve",
        "deserves",
        "ought",
        "useless",
        "weak",
        "nothing",
        "grow",
        "learn",
        "potatoes",
        "rocks",
        "rock",
        "bricks",
        "brick",
        "houseplant",
        "toaster",
        "doorknob",
        "monkeys",
        "dogs",
        "worms",
        "amoeba",
        "marble",
        "wall",
        "hardly",
        "insufferable",
        "ungrateful",
        "spoiled",
        "spoilt",
        "hypocritical",
        "arrogant",
        "horrible",
        "awful",
        "wretched",
        "hopeless",
        "disgusting",
        "vile",
        "conceited",
        "pompous",
        "smug",
        "brainless",
        "annoying",
        "tiresome",
        "foolish",
        "ideas",
        "idea",
        "work",
        "code",
        "writing",
        "opinions",
        "opinion",
        "spelling",
        "grammar",
        "english",
        "effort",
        "attempt",
        "question",
        "questions",
        "family",
        "insane",
        "joking",
        "absolutely",
        "lack",
        "lacks",
        "lacking",
        "memory",
        "attention",
        "depth",
        "charisma",
        "looks",
        "judgement",
        "judgment",
        "everybody",
        "everyone",
        "hates",
        "pities",
        "wife",
        "husband",
        "girlfriend",
        "boyfriend",
        "sorry",
        "any",
        "alone",
        "bad",
        "evil",
        "weak",
        "here",
    ]
)
