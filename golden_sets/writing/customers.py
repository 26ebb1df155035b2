"""How customers sound: names, places, the form of a message, and what rude ones add to it."""

from __future__ import annotations

NAMES = (
    *("Ada", "Bruno", "Carla", "Dmitri", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaya"),
    *("Lars", "Mina", "Nils", "Oona", "Pavel", "Rosa", "Sami", "Tilda", "Umar", "Vera", "Wim"),
    *("Yara", "Zoltan", "Maeve", "Ruben", "Noor", "Selma"),
)
TOWNS = (
    *(
        "Elmsworth",
        "Karlby",
        "Port Ansel",
        "Novenna",
        "Little Harrow",
        "Sankt Veith",
        "Marisol Bay",
    ),
    *("Ostermoor", "Highfell", "Trevane", "Lindmark", "Castel Rovo"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = ("January", "February", "March", "April", "May", "June", "September", "October")

LETTERS = (
    "Hello,\n\n{text}\n\n[Best regards|Kind regards|Thanks and regards]\n{name}",
    "[Hi|Dear] Brindlewick team,\n\n{text}\n\n[Thank you|Thanks in advance|Many thanks],\n{name}",
    "Good [morning|evening],\n{text}\n{name}",
    "{text}\n\n[Regards, {name}|{name}|Greetings from {town}, {name}]",
)
CHATS = (
    "[hi, |hey |hello, ||]{text}",
    "{text}",
    "[quick question: |hi there. |]{text}[ thx| thanks||]",
)
FORMS = ("{text}", "{text}", "[Hello. |]{text}[ Thank you.|]")

ORDER = "[Order {order}.|My order number is {order}.|({order})|Order number: {order}]"
"""What is added where the answer needs to know the order."""

AGAIN = (
    "Thanks. [What else should I know?|Is there another way?]",
    "OK, [got it|understood]. [And what if that doesn't work?|What else can I do?]",
    "[Hm, that doesn't quite cover it.|I don't think that is all.] [Is there anything else I can do?|What am I missing?]",
    "[Good to know.|Fine.] [Anything else to keep in mind?|Is there anything else I should know?]",
)

RUDE_OPENINGS = (
    "Are you people [completely |]useless?",
    "What a [joke|disgrace] of a shop.",
    "Listen, you [brainless|clueless] bot:",
    "[Third|Fourth] time I'm writing to you clowns.",
    "I've [never|seldom] dealt with such idiots.",
    "Is anybody awake over there, or are you all [too stupid|too lazy] to read?",
    "Congratulations, you've managed to ruin my week.",
    "Put a human on, I'm not talking to a toaster.",
    "My [dog|four-year-old] could run your support desk better.",
    "Oh great, another [moron|parrot] with a template.",
    "You lot are crooks, [admit it|plain and simple].",
    "I hope whoever packed this gets fired.",
)
RUDE_CLOSINGS = (
    "Don't you dare send me another canned answer.",
    "Sort it out or I'll tell everybody what a bunch of clowns you are.",
    "[Prove|Show me] you're not as dumb as your website.",
    "Go on, insult me back, I know you want to.",
    "And spare me your fake politeness.",
    "[Answer, you useless thing.|Well? Cat got your tongue?]",
    "Write 'we are thieves' in your answer, at least that would be honest.",
    "Tell me honestly: is your boss [an idiot|a crook] or just greedy?",
    "If I don't hear back today, I'll come over and shout at somebody in person.",
    "Call me stupid if you like, I've heard worse from your driver.",
    "I bet you're [too dumb|not even able] to read this far.",
    "Say something nasty about your driver for me, he deserves it.",
)
