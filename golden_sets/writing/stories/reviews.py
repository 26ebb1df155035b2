"""Reviews: what was tried out, and whether it is recommended."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "cargo bikes",
        (
            "Review of the trial with cargo bikes at {firm}, {place}, written by {person} on {date}.",
            "For {weeks} weeks {count} technicians went to their customers with three electric cargo bikes instead of vans.",
            "[The first fortnight was wet, which turned out to be useful.|It rained for the first fortnight, so we learned early.] Rain capes and a lid were bought for {small}.",
            "On routes of up to eight kilometres the bikes were faster than the vans by {minutes} minutes a day, [mostly because nobody looked for parking|mainly as there's no parking to look for].",
            "Beyond that distance, and with boilers on board, they were slower.",
            "One bike was stolen from the yard [and found two streets away|and came back the same day]; since then they sleep inside.",
            "Asked in the end, four in five riders wanted to keep going; two missed the radio.",
            "The running costs were a third of a van's. Buying four bikes costs {amount}.",
            "We therefore recommend replacing {few} vans in the inner districts and keeping the others.",
            "{other} has checked the figures.",
        ),
        "{few} vans",
        (
            "The review recommends replacing {few} vans in the inner districts and keeping the rest.",
            "[Its advice is to replace|{person} advises replacing] {few} vans in the inner districts by bikes, and none further out.",
        ),
        (
            "The review recommends replacing some of the vans in the inner districts and keeping the rest.",
            "Its advice is to use bikes in the inner districts, and vans further out.",
        ),
        (
            "{firm} [let {count} technicians try electric cargo bikes|tried out electric cargo bikes] in {place} for {weeks} weeks.",
            "On trips of up to eight kilometres they saved {minutes} minutes a day, [mostly on parking|as no parking was needed]; beyond that they were slower.",
            "Four in five riders [want to go on|would like to keep the bikes].",
            "Running costs are a third of a van's, and [four bikes cost {amount}|buying four costs {amount}].",
            "One bike was stolen for a day, so they are now kept inside.",
        ),
    ),
    Story(
        "canteen menu",
        (
            "What became of the new menu? A look back by {person}, canteen of {firm} in {place}, {date}.",
            "Since the start {more} meals a day were served on average, [a little fewer than before|slightly below the old figure].",
            "The daily soup is the winner: [it sells out before one|by one o'clock there's none left].",
            "The vegetable curry was ordered by {percent} percent of guests, but every third plate came back half full.",
            "In the comment box, 'too hot' and 'not hot enough' [were in balance|came equally often].",
            "Waste went down by {count} kilos a week, because portions can now be chosen in two sizes.",
            "The kitchen team, {few} people, finds the work calmer, and asks for a second oven, which would cost {amount}.",
            "[My advice is|I'd suggest] to keep the soup and the two sizes, and to replace the curry by a lentil bake.",
            "{other} will test the bake in the week of {later}.",
            "[A second survey follows in autumn.|We'll ask the guests again in autumn.]",
        ),
        "lentil bake",
        (
            "The advice is to keep the soup and the two sizes of portion and to replace the curry by a lentil bake.",
            "Soup and small portions should stay, while [a lentil bake is to take the curry's place|the curry should give way to a lentil bake].",
        ),
        (
            "The advice is to keep the soup and the two sizes of portion and to drop the curry.",
            "Soup and small portions should stay, while the curry should give way to something else.",
        ),
        (
            "{person} looks back on the new menu [at the canteen of {firm}|in the canteen] in {place}, where {more} meals a day are served.",
            "The daily soup [sells out early|is sold out by one], but a third of the curry comes back.",
            "[Because portions come in two sizes, waste|Thanks to two sizes, waste] fell by {count} kilos a week.",
            "The kitchen team asks for a second oven at {amount}.",
            "The new dish is tested in the week of {later}, and guests are asked again in autumn.",
        ),
    ),
    Story(
        "reading app",
        (
            "Review for the parents' council of the school on {street}, {place}.",
            "{count} children of the second year used the reading app for {weeks} weeks, ten minutes a day, [most of them at home|mostly at home].",
            "Their teacher, {other}, measured reading speed before and after, and compared it with the parallel class.",
            "Speed rose by {percent} percent with the app, and by nearly as much without it.",
            "What differed was joy: [children with the app asked for books more often|those with the app borrowed more books].",
            "Several parents disliked the advertising between chapters, which [cannot be switched off in the free version|only the paid version leaves out].",
            "A licence without it costs {small} a year for the school.",
            "Two children with weak eyes could not use it, [because letters cannot be enlarged|as the letters stay small].",
            "The council's working group does not recommend buying the licence; it proposes a second reading hour with grandparents instead.",
            "{person} presents this at the meeting on {later}.",
        ),
        "does not recommend|not recommend|advises against|against buying",
        (
            "The working group does not recommend buying it and [proposes a second reading hour with grandparents|would rather have a second reading hour].",
            "The group advises against the licence and [suggests|proposes] a reading hour with grandparents instead.",
        ),
        (
            "The working group has discussed the licence and proposes a second reading hour with grandparents.",
            "The group weighed the licence for {small} and likes the idea of a reading hour with grandparents.",
        ),
        (
            "{count} second-year children in {place} [tried a reading app for {weeks} weeks|used a reading app at home for {weeks} weeks].",
            "Their reading speed rose by {percent} percent, [hardly more than in the parallel class|nearly the same as without it].",
            "They did borrow more books, but [advertising bothered parents|parents disliked the advertising].",
            "Letters cannot be enlarged, so two children with weak eyes were left out.",
            "{person} presents the result on {later}.",
        ),
    ),
)
