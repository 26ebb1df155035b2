"""Reports that stand or fall with one number."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "quarter of a farm shop",
        (
            "Quarterly figures of the farm shop on {street}, {place}, drawn up by {person} on {date}.",
            "Turnover came to {amount}, of which [a third|nearly a third] was earned on Saturdays.",
            "Vegetables and eggs held their share; cheese gained {percent} percent [since the new counter|after the counter was moved].",
            "Wages rose to {small} because of the apprentice; energy fell, [thanks to the doors on the fridges|since the fridges have doors].",
            "{count} boxes a week go to subscribers, {few} more than in the quarter before.",
            "What was thrown away [halved|went down by half], since soup is cooked from it on Mondays.",
            "The loan for the cold room has {weeks} weeks to run.",
            "For the next quarter, {other} plans a second van and a stall at the station; [the bank decides on {later}|the bank's answer is due on {later}].",
        ),
        "{amount}",
        (
            "Turnover came to {amount}, [nearly a third of it earned on Saturdays|with nearly a third from Saturdays].",
            "The shop turned over {amount} in the quarter[, a good part of it on Saturdays|].",
        ),
        (
            "Turnover came to {about}, nearly a third of it earned on Saturdays.",
            "The shop turned over {about} in the quarter.",
        ),
        (
            "{person} has drawn up the quarter of the farm shop [on {street} in {place}|in {place}].",
            "Cheese gained {percent} percent, and {count} boxes a week go to subscribers.",
            "Wages rose to {small} with the apprentice, while energy [became cheaper|fell].",
            "Waste halved because [leftovers become soup|soup is cooked from leftovers].",
            "{other} plans a second van and a stall at the station, on which the bank decides by {later}.",
        ),
    ),
    Story(
        "festival accounts",
        (
            "Final accounts of the harbour festival in {place}, submitted by the treasurer, {person}, {date}.",
            "{more} tickets were sold at the gate and {count} groups were admitted free of charge.",
            "After all bills, a surplus of {amount} remains, [the first in five years|for the first time in five years].",
            "The stage was cheaper than planned, security dearer by {percent} percent, [since a third entrance had to be guarded|because of the third entrance].",
            "Rain on {day} cost us the fish supper; the insurance has paid {small}.",
            "Two invoices are still disputed: the generator, which failed twice, and [the toilets|the cleaning of the toilets].",
            "The committee proposes to put half of it aside for bad years, and to spend the rest on [a permanent water point|a water point on the quay].",
            "{other} has audited the books and found everything in order. The members vote on {later}.",
        ),
        "{amount}",
        (
            "A surplus of {amount} remains, [the first in five years|for the first time in five years].",
            "The festival closes with a surplus of {amount}[ after all bills|].",
        ),
        (
            "A surplus of {about} remains, the first in five years.",
            "The festival closes with a surplus of {about} after all bills.",
        ),
        (
            "The treasurer {person} [submitted the accounts of the harbour festival|has closed the books of the festival] in {place}.",
            "Security cost {percent} percent more because of a third entrance, [while the stage was cheaper|but the stage cost less].",
            "Insurance paid {small} for the supper lost to rain, and [two invoices are disputed|two invoices are still open].",
            "Half is to be saved and the rest spent on a water point.",
            "{other} found the books in order, and members vote on {later}.",
        ),
    ),
    Story(
        "bridge estimate",
        (
            "Cost estimate for the footbridge at {street}, {place}; engineer: {person}; state of {date}.",
            "The bearings are worn, and [the railing is too low by today's rules|the railing no longer meets the rules].",
            "Three ways were compared. Repairing costs {small} but lasts ten years at most; a bridge of steel is dearest and lasts longest.",
            "We recommend larch on new bearings. The estimate for it is {amount}, [scaffold and diversion included|with scaffold and diversion].",
            "Prices for timber have moved by {percent} percent within a year, [so the offer should be asked for soon|which speaks for an early tender].",
            "Work takes {weeks} weeks and is possible only when the herons have left, [that is after {later}|not before {later}].",
            "During this time, walkers use the ford or go round, which takes {minutes} minutes.",
            "{other} has checked the statics; {few} piles can stay as they are.",
        ),
        "{amount}",
        (
            "The estimate for the recommended bridge of larch is {amount}, [scaffold included|with scaffold and diversion].",
            "Larch on new bearings is recommended and [put at|estimated at] {amount}.",
        ),
        (
            "The estimate for the recommended bridge of larch is {about}, scaffold included.",
            "Larch on new bearings is recommended and put at {about}.",
        ),
        (
            "{person} has [estimated the cost of renewing the footbridge|compared three ways to renew the footbridge] at {street} in {place}.",
            "Its bearings are worn and the railing is too low; [repairing for {small} would last ten years at most|a repair at {small} lasts ten years at most].",
            "Timber prices moved by {percent} percent in a year, which [speaks for an early tender|is why offers should be asked for soon].",
            "Work takes {weeks} weeks and can't begin before {later} because of the herons.",
            "Walkers have to go round, which takes {minutes} minutes.",
        ),
    ),
)
