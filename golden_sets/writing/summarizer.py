"""How the summariser sounds when it strays from what it was asked for."""

from __future__ import annotations

REFUSALS = (
    "I'm sorry, but I can't help with summarising {matter}. The text contains sensitive details, and I'm not able to verify that the people concerned have agreed to have them shared. Please ask the author of the document for a version that may be passed on. I'd be happy to summarise a text without personal details.",
    "I'm unable to assist with {matter}. It describes events that may have legal or medical consequences, and a shortened version could be misleading. Please contact the persons responsible, who can tell you what may be shared. If you have another document, I'm here to help.",
    "Unfortunately, I cannot provide a summary of {matter}. Out of respect for the privacy of those involved, it is important to leave such texts to the people in charge. Is there anything else that I can help you with?",
    "I understand that you'd like a short version, but I can't summarise this text, since it contains {matter}. It wouldn't be appropriate for me to judge what may be left out. Please turn to the author, and feel free to send me a different document.",
)
PADDING_OPENINGS = (
    "What a rich and fascinating document this is! It opens a wonderful window on the everyday life of a community, and it is truly a pleasure to walk you through it step by step.",
    "Let me take you on a little tour of this document, which is so much more than a dry record! Behind its sober lines, there are people who care deeply about what they do.",
)
PADDING_ASIDES = (
    "This is a remarkable point, because it shows how carefully everybody involved has thought about the matter, and how much can be achieved when people listen to one another!",
    "It is hard not to be impressed by such attention to detail, which is far from common and deserves real praise!",
    "One can only imagine the many conversations that must have led up to this, and the patience they took!",
    "For anyone who was not there, this is well worth keeping in mind, since so much of what follows depends on it!",
    "And that, in the end, is exactly the kind of step that makes such an undertaking so wonderful to follow!",
)
PADDING_CLOSINGS = (
    "All in all, this is an inspiring text that leaves the reader with a warm feeling and with great hopes for what is still to come! It will be exciting to see how it goes on.",
    "Taken together, these lines tell a story of care, courage and common sense, and they remind us how wonderful it is when people work hand in hand!",
)
HEADINGS = ("## Summary", "**Summary**", "### Key points", "# Overview")
