"""Notices to residents, guests and members."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "water is turned off",
        (
            "To all residents of {street} {count} to {more}, {place}.",
            "[Dear residents,|Dear neighbours,] the water main under your street is [older than most of us|more than seventy years old] and has burst twice this winter.",
            "On {later} we connect your houses to the new pipe. For this the water has to be turned off from 8 am for about {hours} hours.",
            "[Please store what you need for cooking and for the toilet the evening before.|We suggest filling a bathtub or some buckets the evening before.]",
            "A tank with drinking water stands at the corner of the school from 7.30 am; bring a clean canister.",
            "Dialysis patients and families with infants can have water brought: call {person} at the works [until the day before|by noon of the day before].",
            "When the water is back, let the cold tap run for five minutes and clean the sieve; [a brown tinge is harmless and goes away|it may look brown at first, which is harmless].",
            "Cars must be off the north side from 6 am, otherwise they will be moved.",
            "If it freezes below minus five degrees, the work is put off by a week, and you will find a note at the door.",
            "Your waterworks of {place}, for the building team: {other}.",
        ),
        "{later}",
        (
            "On {later} the water is turned off from 8 am for about {hours} hours while the houses are connected to a new pipe.",
            "The water is off on {later}, from 8 am for around {hours} hours, because [a new main is connected|houses are joined to the new main].",
        ),
        (
            "Next month the water is turned off from 8 am for about {hours} hours while the houses are connected to a new pipe.",
            "The water is off for one working day, from 8 am for around {hours} hours, because a new main is connected.",
        ),
        (
            "The waterworks of {place} [announce work on the main in {street}|replace the old main in {street}], which has burst twice this winter.",
            "Residents should [store water the evening before|fill some buckets beforehand]; a tank with drinking water stands by the school.",
            "Dialysis patients and families with infants can [call {person}|have water brought by calling {person}].",
            "Afterwards the tap should run for five minutes, [and cars have to leave the north side by 6 am|since brown water is harmless and passes].",
            "In hard frost everything [moves by a week|is put off by a week].",
        ),
    ),
    Story(
        "museum closes a wing",
        (
            "Notice of the {place} town museum to its friends and guides, {date}.",
            "The east wing with the clock collection [closes|will be closed] from {later} for {weeks} weeks.",
            "During the last storm rain came through the lantern roof and [ran down two showcases|reached two showcases]; no object was damaged.",
            "The roofers of {firm} start in the week before with the scaffold, which will be noisy [in the mornings|until noon].",
            "The {more} clocks move to the depot on {street}. Volunteers with steady hands are welcome; {other} keeps the list.",
            "Guided tours go on in the main house and end at the model of the old harbour instead.",
            "The entrance fee is lowered to ${few} for this time, and season tickets [are prolonged by the weeks lost|last longer by as many weeks].",
            "School classes that have booked the clock workshop are offered a place in the printing shop or [a date afterwards|a later date].",
            "The costs of {amount} are borne by the town and by the insurance in equal parts.",
            "Questions go to {person}, who is in the office [every morning|on weekdays until noon].",
        ),
        "{later}",
        (
            "The wing closes from {later} for {weeks} weeks while {firm} mends the roof.",
            "From {later} visitors can't see the clocks for {weeks} weeks; {firm} repairs the roof [in that time|meanwhile].",
        ),
        (
            "The wing closes soon for {weeks} weeks while {firm} mends the roof.",
            "For {weeks} weeks visitors can't see the clocks; {firm} repairs the roof in that time.",
        ),
        (
            "The {place} museum [has to close its east wing with the clock collection|closes the wing that holds its clocks] because rain came through the roof.",
            "No object was damaged, and the {more} clocks move to a depot [with the help of volunteers|on {street}].",
            "Tours go on in the main house at a lower fee, and season tickets [last longer|are prolonged].",
            "School classes get another workshop or a later date.",
            "The town and the insurance [share the cost of {amount}|pay {amount} in equal parts].",
        ),
    ),
    Story(
        "night bus",
        (
            "Change of timetable, {place} town buses, line {few}.",
            "[Following the survey among riders|After many requests], the night bus between the station and {street} is put on a new footing.",
            "From {later} it runs every {minutes} minutes instead of once an hour, on Fridays and Saturdays until 3 am.",
            "The stop at the old slaughterhouse is dropped, because [fewer than ten people used it in a week|hardly anybody got on there]; the new one at the swimming hall is lit.",
            "Drivers may halt between two stops after 10 pm if a passenger asks and the road allows it.",
            "The fare stays as it is. Night tickets can also be bought [in the app|with the phone], where {percent} percent of riders get theirs already.",
            "For the first {weeks} weeks helpers in yellow vests answer questions at the station.",
            "The council pays {amount} a year for the additional buses and [looks at the figures after twelve months|decides after a year whether they stay].",
            "Lost property is kept by {other} in the depot.",
            "For the transport office: {person}.",
        ),
        "{minutes} minutes",
        (
            "From {later} line {few} runs every {minutes} minutes at night instead of hourly, on weekends until 3 am.",
            "The night bus comes every {minutes} minutes [rather than once an hour|and no longer once an hour], starting on {later}.",
        ),
        (
            "From {later} line {few} runs more often at night, on weekends until 3 am.",
            "The night bus comes far more often than once an hour, starting on {later}.",
        ),
        (
            "{place} [improves its night bus|extends the night service] between the station and {street}.",
            "The stop at the slaughterhouse [gives way to a lit one at the swimming hall|is replaced by a lit stop at the swimming hall].",
            "After 10 pm drivers may stop on request between two stops.",
            "Fares don't change, and {percent} percent of riders already [buy in the app|use the app].",
            "The council pays {amount} a year and [reviews the result after twelve months|decides after a year].",
        ),
    ),
)
