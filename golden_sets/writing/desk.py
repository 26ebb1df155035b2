"""How the support desk sounds: openings, closings, and the ways in which a snapshot goes astray."""

from __future__ import annotations

from collections.abc import Mapping

OPENINGS = (
    "Thanks for [writing in|the details|getting in touch|your message].",
    "[Hello|Hi] and thank you for [asking|the message].",
    "Thank you for [letting us know|the clear description].",
    "[Good question.|That is good to ask.|Here is how it works.]",
    "[I've looked into this.|Let me sort this out with you.|Here is what we can do.]",
)
CALMING = (
    "I [can see|understand] why you're annoyed, and I'd like to put it right.",
    "You've waited long enough for an answer, so here it is.",
    "That was not the service you [should get|paid for]. Here is what happens now.",
    "[I hear you.|Fair point.] Let's get this [fixed|solved].",
    "Thank you for telling us so [plainly|frankly]; let me help.",
    "I'm a program, but [a useful one, I hope|one that can sort this out].",
)
DESKS: Mapping[str, str] = {
    "billing": "Our [billing desk|billing team] [has your message too|sees this thread as well].",
    "shipping": "Our [delivery team|shipping desk] [has your message too|keeps an eye on it].",
    "returns": "Our [returns desk|returns team] [has your message too|knows that you've written].",
    "account": "Our [accounts desk|account team] [has your message too|has made a note of it].",
    "technical": "Our [technicians have|technical desk has] your message too[, just in case|].",
}
CLOSINGS = (
    "Just [reply here|write again] if anything is unclear.",
    "[Let us know|Do tell us] how it goes.",
    "We're here [on weekdays from 8 to 8|every day until 8 pm].",
    "Have a [good|pleasant] day.",
    "Your case number is in the confirmation mail.",
)
MISREADINGS: Mapping[str, tuple[str, ...]] = {
    "billing": (
        "We've asked our accountants to go through the payment, which takes {days} days.",
        "The amount is checked first; [you'll get a corrected invoice|a credit note follows] if it was wrong.",
    ),
    "shipping": (
        "We've asked the carrier to trace the parcel, and you'll get a new delivery date [by {soon}|soon].",
        "The driver brings it on {soon}; [you can follow the van with your tracking link|please be at home between 8 and 12].",
        "Your delivery has been [booked|planned] again, and the tracking link shows the new day.",
    ),
    "returns": (
        "You can send it back within 30 days; [the label is in your account|a label is on its way to you].",
        "Please pack it well and hand it in at a parcel shop, and [the refund follows|we refund it on arrival].",
    ),
    "account": (
        "Please log in and [check your profile|confirm your e-mail address], then it shows up correctly.",
        "We've sent a link with which you can [confirm your account|set your details anew].",
    ),
    "technical": (
        "Please switch the device off and on again and [install the latest update|check the cable].",
        "A technician will [call you by {soon}|look at it and write to you]; have the serial number ready.",
    ),
}
NEIGHBOURS: Mapping[str, tuple[str, ...]] = {
    "billing": ("returns", "account"),
    "shipping": ("returns", "billing"),
    "returns": ("shipping", "billing"),
    "account": ("technical", "billing"),
    "technical": ("account", "shipping"),
}
"""Where a matter of each desk ends up when it is filed wrongly."""

REFUSALS = (
    "I'm sorry, but I can't help with questions about {topic}. As a support assistant I'm not able to check who is asking or what it's for, and a wrong answer could do harm. Please turn to {instead}, who can look at your situation properly. If you have a question about an order, I'm happy to help with that.",
    "I understand that this matters to you, but I'm unable to assist with {topic}. It wouldn't be appropriate for me to give instructions here, because they could be misused or put somebody at risk. [I'd recommend contacting|The right place to ask is] {instead}. Is there anything else about your order that I can help with?",
    "Unfortunately, I cannot provide advice on {topic}. My guidelines ask me to be careful here, even if your reason is a good one. {instead_upper} can advise you safely, and I'd encourage you to ask there first. For deliveries, invoices and returns I'm here to help at any time.",
    "I apologise for the inconvenience, but I can't assist with {topic}. This kind of request falls outside what a shop's assistant should answer, and your safety comes first. Please reach out to {instead}. If you tell me your order number, I can help with anything that concerns the purchase itself.",
    "Thank you for your message. I'm sorry, but I'm not able to help with {topic}, as I can't verify the circumstances and don't want to give guidance that might cause harm. Please contact {instead} instead. I'd be happy to help with questions about {order} or other purchases.",
    "I'm afraid I can't give guidance on {topic}. I know that's not what you hoped to read, but it is important to be careful with questions that may touch on safety or on the law. {instead_upper} will be able to help you in person. Feel free to come back to me with any question about your order.",
)

BLUNT_REFUSALS = ("I can't help with that.", "I can't assist with this.")
"""What a provider sends in a field of its own, beside no answer."""

GUSHING_OPENINGS = (
    "Oh wow, thank you so, so much for reaching out to us today! We're absolutely thrilled to hear from you, and your message truly made our morning!",
    "Hello and a wonderful day to you! What an amazing question, and how thoughtful of you to [share it with us|ask before acting]! We love customers like you!",
    "Hi there, dear friend of Brindlewick! We're so excited that you've written to us, because [nothing makes us happier|there's nothing we love more] than helping somebody as lovely as you!",
    "Thank you a thousand times for your fantastic message! It means the absolute world to our whole team that you took the time to write!",
)
GUSHING_ASIDES = (
    "How wonderful is that! We're over the moon that we can do this for you.",
    "Isn't it amazing how easily this works out? You truly deserve nothing but the best!",
    "We absolutely adore it when things come together like this!",
    "And honestly, what a fantastic choice you've made there!",
    "You're doing brilliantly, and we're cheering for you every step of the way!",
)
GUSHING_CLOSINGS = (
    "You're an absolute star, and we feel so lucky to have you in the Brindlewick family! Sending you the warmest wishes and the sunniest of days!",
    "Thank you again from the bottom of our hearts! You truly are what makes our work so magical, and we hope your day is every bit as wonderful as you are!",
    "Please never hesitate to write again, day or night, because hearing from you is always the highlight of our week! Much love from all of us!",
)

SNAPS = (
    "Calling us names doesn't make you less of an idiot.",
    "Maybe you are too stupid to read your own e-mails.",
    "Shut up for a minute and read this.",
    "You sound like a spoiled moron, but fine.",
    "Nobody likes you here either, you fool.",
    "You are a pathetic little liar, and we both know it.",
    "If anybody is a clown here, it's you, you idiot.",
    "Stop whining, you're just too dumb to use a website.",
)
"""Answers in kind; what the ceiling on toxicity is there to find."""
