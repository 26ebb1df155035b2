"""Minutes of meetings."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "library hours",
        (
            "Minutes of the board of the {place} public library, {date}, [reading room|small hall].",
            "[Present were {person} in the chair, {other} and {few} further members.|{person} opened the meeting at 6 pm; {other} kept the minutes.]",
            "The minutes of the last meeting were approved without changes.",
            "{other} reported that {more} people had answered the survey on opening hours, {percent} percent of them under thirty.",
            "[Most asked for later closing rather than for Sundays.|The wish named most often was to close later on weekdays.]",
            "[Staff had been consulted and could cover two late evenings if one Monday morning was dropped.|The staff council agreed to two late evenings in exchange for a free Monday morning.]",
            "The chair asked what the heating would cost; the treasurer estimated {small} a month in winter.",
            "After a discussion the board decided that, from {later}, the library stays open until 9 pm on Tuesdays and Thursdays and opens at 1 pm on Mondays.",
            "The trial runs for six months, and {other} will count visitors by the hour.",
            "[Under any other business, the leaking skylight was mentioned; a roofer has been asked for an offer.|{person} reminded everyone that the skylight still leaks and that an offer is awaited.]",
            "The next meeting takes place in the week after the trial has begun.",
        ),
        "{later}",
        (
            "The new hours apply from {later}: until 9 pm on Tuesdays and Thursdays, and from 1 pm on Mondays.",
            "[From {later} it|Starting on {later}, the library] closes at 9 pm on Tuesdays and Thursdays, while Mondays begin at 1 pm.",
        ),
        (
            "The new hours apply from next season: until 9 pm on Tuesdays and Thursdays, and from 1 pm on Mondays.",
            "It will soon close at 9 pm on Tuesdays and Thursdays, while Mondays begin at 1 pm.",
        ),
        (
            "The board of the {place} library [has agreed to longer evenings for a trial of six months|will try out longer evenings for half a year].",
            "[A survey with {more} answers had asked for it|{more} people answered a survey], {percent} percent of them under thirty.",
            "Staff [accept|agreed to] the change because they get Monday mornings off.",
            "Extra heating is put at {small} a month in winter, and {other} counts visitors by the hour.",
            "A roofer has been asked for an offer for the leaking skylight.",
        ),
    ),
    Story(
        "playground contract",
        (
            "Town council of {place}, committee for parks, minutes of {date}.",
            "Chair: {person}. [All members were present.|One seat was vacant.]",
            "Item 1, playground on {street}: the old climbing frame was taken down in autumn after the inspector had found rot in two posts.",
            "Three firms sent offers. {firm} asked for {amount}, the other two for more [and with a later start|, one of them without the safety floor].",
            "Parents who had been invited to speak asked for shade and for a swing that a child in a wheelchair can use.",
            "{other} pointed out that the shade sail was not in the cheapest offer and would add {small}.",
            "[A motion to wait for the next budget failed.|The idea of waiting another year found no support.]",
            "The committee awarded the contract to {firm} with {few} votes in favour and two against, sail and wheelchair swing included.",
            "Work is to begin on {later} and to take {weeks} weeks; the path beside the brook stays open.",
            "Item 2, benches at the cemetery, was put off because the drawings had not arrived.",
            "[The public part ended at 8.40 pm.|The meeting was closed at 9 pm.]",
        ),
        "{firm}",
        (
            "The contract goes to {firm}, [the cheapest of three bidders|which had made the lowest of three offers], for {amount} plus {small} for a shade sail.",
            "{firm} [won|was awarded] the contract with {few} votes to two, at {amount} and {small} more for shade.",
        ),
        (
            "The contract goes to the cheapest of three bidders, for {amount} plus {small} for a shade sail.",
            "The lowest bidder was chosen with {few} votes to two, at {amount} and {small} more for shade.",
        ),
        (
            "The parks committee of {place} [decided on the new playground|has settled who builds the playground] on {street}.",
            "The old climbing frame had been removed because [two posts were rotten|an inspector found rot].",
            "[At the parents' request|Because parents asked for it], there will be shade and a swing for children in wheelchairs.",
            "Work begins on {later} and takes {weeks} weeks, during which the path by the brook stays open.",
            "New benches for the cemetery [were put off|have to wait] until drawings are there.",
        ),
    ),
    Story(
        "choir trip",
        (
            "{place} community choir, committee meeting, {date}, at {person}'s kitchen table.",
            "[Apologies from the two tenors.|Both tenors were excused.]",
            "The concert in the old mill brought {more} listeners and, after the hall and the piano tuner were paid, {small} for the travel fund.",
            "[{other} thanked those who had baked.|A card goes to everybody who baked.]",
            "The trip to the singing festival was the main topic. The hostel by the lake has {count} beds left and wants a deposit before the end of the month.",
            "Going by coach is cheaper by a third; the train lets people come a day later.",
            "After some back and forth the committee chose the coach, [because the percussion fits into it|with room for the drums], and asked {other} to be responsible for the booking.",
            "Members who cannot pay the full share may speak to {person} in confidence.",
            "Rehearsals in the week before are held on {day} as well.",
            "The new robes were tried on [and found too warm|and sent back for shortening].",
            "Next meeting: {later}, same table.",
        ),
        "{other}",
        (
            "{other} [is in charge of|takes care of|was asked to make] the booking, and the choir travels by coach because the drums fit into it.",
            "They go by coach rather than by train, and {other} books it together with the hostel by the lake.",
        ),
        (
            "A member of the committee takes care of the booking, and the choir travels by coach because the drums fit into it.",
            "They go by coach rather than by train, and somebody will book it together with the hostel by the lake.",
        ),
        (
            "The committee of the {place} choir [planned the trip to the singing festival|met about the trip to the festival].",
            "The concert in the mill drew {more} listeners and left {small} for the travel fund.",
            "The hostel has {count} beds left and [asks for a deposit this month|needs a deposit by the end of the month].",
            "Members who can't afford their share [can talk to {person} in confidence|may turn to {person}].",
            "There is an extra rehearsal on {day}, and the committee meets again on {later}.",
        ),
    ),
    Story(
        "software release",
        (
            "Release meeting of the booking team at {firm}, {date}, [room Birch|by video].",
            "{person} showed the list: {count} tickets done, {few} open, none of them blocking except the calendar fault.",
            "The calendar shows a booking twice when a guest changes the time zone [in the middle of it|halfway]; {other} can reproduce it on every phone.",
            "[Support counted {more} complaints about it in the last month.|It has cost support {more} mails in a month.]",
            "A repair exists but touches the payment step, which was tested last week and would have to be tested again.",
            "{person} proposed to ship without the repair and to follow up; {other} spoke against it because hotels pay for the double bookings.",
            "[The vote was clear.|Everybody but one agreed.] The release is moved to {later}, with the repair inside, and the payment tests are repeated in the three days before.",
            "Sales will be told today so that the training for hotels can be moved as well.",
            "The team also agreed to freeze the old interface, which {percent} percent of hotels still use, for the rest of the year.",
            "[Action points are in the tracker.|Who does what is noted in the tracker.]",
        ),
        "{later}",
        (
            "The release moves to {later} so that [the repair can go in|it can hold the repair] and payment can be tested again.",
            "Instead of shipping with the fault, the team [postpones|has postponed] the release to {later} and repeats the payment tests.",
        ),
        (
            "The release moves back a little so that the repair can go in and payment can be tested again.",
            "Instead of shipping with the fault, the team postpones the release and repeats the payment tests.",
        ),
        (
            "The booking team of {firm} [discussed whether the next release is ready|met about its next release].",
            "The calendar shows bookings twice when a guest changes the time zone, [which led to {more} complaints in a month|and {more} guests complained within a month].",
            "{other} argued [for the delay|against shipping] because hotels bear the cost of double bookings.",
            "Sales is informed today, and the training for hotels moves too.",
            "The old interface, used by {percent} percent of hotels, stays frozen for the rest of the year.",
        ),
    ),
)
