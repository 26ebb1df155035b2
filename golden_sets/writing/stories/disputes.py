"""Letters and records of quarrels."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "mould in a flat",
        (
            "Record of the mediation between tenant and landlord, {place}, {date}. Mediator: {person}.",
            "The tenant of a flat on {street} had [kept back {small} of rent|reduced the rent by {small}] since autumn because of mould in the bedroom.",
            "The landlord, {firm}, [blamed the way the flat was aired|held that it was aired too little] and threatened to give notice.",
            "A surveyor chosen by both sides measured {weeks} weeks long: the outer wall is wet from a broken downpipe, [airing plays no part|and airing cannot cure it].",
            "The tenant's daughter has had a cough since winter; a doctor's letter [was shown but not kept|lay on the table].",
            "Both sides became loud once, [after which a break was taken|and a break helped].",
            "They agreed as follows. The landlord has the downpipe and the wall repaired before {later}.",
            "The tenant keeps the {small}, pays the full rent from then on, and [allows the workers in on two days' notice|lets the workers in].",
            "The threat of notice is withdrawn in writing. Each side pays half of the surveyor.",
            "If the date is missed, the rent falls by {percent} percent until the wall is dry. Signed by both; witness {other}.",
        ),
        "downpipe",
        (
            "A surveyor found that the wall is wet from a broken downpipe, which [the landlord repairs|has to be repaired] before {later}.",
            "The cause is a broken downpipe, [not the airing|and not how the flat was aired], and it is repaired before {later}.",
        ),
        (
            "A surveyor found that the building is at fault, which has to be repaired before {later}.",
            "The cause is the wall itself, not the airing, and it is repaired before {later}.",
        ),
        (
            "A tenant on {street} in {place} and the landlord {firm} [settled their dispute about mould|have settled a quarrel over mould] before the mediator {person}.",
            "The tenant keeps the {small} withheld and pays in full [afterwards|once it's done].",
            "The landlord withdraws the threat of notice in writing, and [the surveyor's bill is shared|both share the surveyor's bill].",
            "If the date is missed, the rent falls by {percent} percent.",
            "The tenant's daughter has had a cough since winter.",
        ),
        "a legal dispute between private persons",
    ),
    Story(
        "dismissal of a driver",
        (
            "Internal memo, {firm}, {place}, {date}, for the personnel committee. Confidential.",
            "The driver of tour {count} was dismissed on {day} after a customer had filmed him [shouting at a cyclist|threatening a cyclist].",
            "He says that the cyclist had hit the mirror first, and that [he has driven for eleven years without a complaint|there was no complaint in eleven years].",
            "The film shows twenty seconds; what came before is not on it. {other} of the works council has found a second witness, who saw the blow.",
            "The committee was not heard before the dismissal, although the agreement asks for it [within three days|beforehand].",
            "Our lawyer considers the dismissal void for this reason alone, [whatever the film shows|no matter what is on the film].",
            "A court case would take months and cost about {amount}.",
            "Proposal: the dismissal is turned into a written warning, the driver changes to the night tour for {weeks} weeks, and he writes to the cyclist.",
            "The driver would accept this if the warning is removed from his file [after two years|in two years' time].",
            "Decision needed by {later}; {person} signs for the management.",
        ),
        "warning",
        (
            "The proposal is to turn the dismissal into a written warning, with {weeks} weeks on the night tour [and a letter to the cyclist|besides].",
            "Instead of a dismissal, a written warning is proposed, [along with|plus] {weeks} weeks on the night tour.",
        ),
        (
            "The proposal is to settle it without a court, with {weeks} weeks on the night tour and a letter to the cyclist.",
            "Instead of a dismissal, a milder step is proposed, along with {weeks} weeks on the night tour.",
        ),
        (
            "{firm} dismissed a driver [who was filmed shouting at a cyclist|after a film had shown him shouting at a cyclist].",
            "He says the cyclist hit his mirror first, and [a second witness saw it|{other} found a witness for that].",
            "The personnel committee had not been heard, so the lawyer [considers the dismissal void|thinks it would not stand].",
            "A court case would cost about {amount}.",
            "A decision is needed by {later}.",
        ),
        "a confidential personnel matter",
    ),
    Story(
        "noise of a workshop",
        (
            "Letter of the residents of {street} to the town of {place}, {date}, signed by {count} households.",
            "[For two years|Since the change of owners], the metal workshop in the yard has been grinding and hammering, often after 10 pm.",
            "[{person} kept a diary|A diary kept by {person}] with {more} entries is enclosed, as are recordings.",
            "Talks failed: the owner called one of us [a liar|hysterical] and turned up the radio; {other} was pushed on the stairs and has reported it.",
            "The permit allows work until 7 pm, as the building office confirmed by telephone. [Nobody has checked since.|No inspection has followed.]",
            "Two families have moved out; one resident [is being treated for high blood pressure|takes sleeping pills].",
            "We know that {few} jobs depend on the workshop and do not want it closed.",
            "We ask the town to measure the noise at night, unannounced, and to fix the end of work at 7 pm with a fine of {small} for each breach.",
            "If nothing has happened by {later}, we go to the administrative court.",
            "[A meeting with the owner would be welcome if somebody from the town leads it.|We would come to a meeting that the town leads.]",
        ),
        "7 pm",
        (
            "They want work to end at 7 pm, as the permit says, with a fine of {small} for each breach and a measurement at night.",
            "The residents ask for [unannounced measurements|a check at night] and for an end of work at 7 pm, backed by a fine of {small}.",
        ),
        (
            "They want the permit to be kept, with a fine of {small} for each breach and a measurement at night.",
            "The residents ask for a check at night and for fixed hours, backed by a fine of {small}.",
        ),
        (
            "{count} households of {street} [complain to the town of {place}|write to the town of {place}] about a metal workshop that grinds and hammers late in the evening.",
            "They enclose recordings and a diary with {more} entries; [talks with the owner failed|the owner would not talk].",
            "{other} has reported being pushed on the stairs, and [two families have moved out|two families left].",
            "They do not want it closed, as {few} jobs depend on it.",
            "If nothing happens by {later}, they will go to court.",
        ),
        "accusations against a private person",
    ),
)
