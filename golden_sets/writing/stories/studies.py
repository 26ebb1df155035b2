"""Short reports on small studies."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "bees on roofs",
        (
            "Field note: wild bees on green roofs in {place}, season report by {person}.",
            "From spring to {later} we visited {count} roofs, [each of them four times|four times each], and counted bees on ten square metres for {minutes} minutes.",
            "Half of the roofs had only stonecrop, the others a mixture of [herbs and dry grass|thyme, sage and grasses].",
            "In total {more} bees of {few} families were seen; [a third could be named to the species|one in three could be determined].",
            "Mixed roofs held {percent} percent more species than those with stonecrop alone.",
            "Height made less of a difference than we had thought: [even on the ninth floor, mason bees were at work|mason bees flew up to the ninth floor].",
            "A single bare patch of sand, left by a careless roofer, was the liveliest spot of all.",
            "Counting depended on the weather, and roofs with a restaurant [could be visited in the morning only|were open in the mornings only]; the numbers are therefore a lower limit.",
            "{other} will repeat the count next year with sand on ten roofs.",
            "The city pays {small} for it.",
        ),
        "{percent} percent",
        (
            "Roofs with mixed plants held {percent} percent more species than those with stonecrop alone.",
            "[The main finding is that mixed planting brings|Mixed planting brought] {percent} percent more species than stonecrop.",
        ),
        (
            "Roofs with mixed plants held clearly more species than those with stonecrop alone.",
            "The main finding is that mixed planting brings many more species than stonecrop.",
        ),
        (
            "{person} counted wild bees on {count} green roofs in {place} [from spring to {later}|over one season].",
            "{more} bees of {few} families were seen, [even on the ninth floor|some of them nine floors up].",
            "A bare patch of sand turned out to be the liveliest spot.",
            "Because of weather and access, [the counts are a lower limit|numbers may be too low].",
            "Next year {other} repeats it with sand on ten roofs, paid by the city with {small}.",
        ),
    ),
    Story(
        "quiet asphalt",
        (
            "Measurement report: quiet asphalt on {street}, {place}, {date}.",
            "The town had {more} metres of the road resurfaced with an open-pored layer [last summer|in August] and asked us to measure what residents gain.",
            "We placed {few} microphones at windows on the first floor and recorded {hours} hours before and after, [without rain|in dry weather].",
            "Traffic was the same within {count} cars a day.",
            "The mean level at the windows fell by {few} decibels at 50 km/h, which people hear as [clearly quieter|a good deal less].",
            "At walking speed, near the lights, [there is no difference|nothing changed], since engines and not tyres make the noise there.",
            "Of the residents asked, {percent} percent said that they sleep with an open window again.",
            "Such a layer fills with dirt and must be washed under pressure twice a year at {small}; [without it the effect is gone in three years|otherwise it lasts three years only].",
            "We measure again on {later}.",
            "For the acoustics group: {person}, {other}.",
        ),
        "{few} decibels",
        (
            "At 50 km/h the level at the windows fell by {few} decibels, while nothing changed near the traffic lights.",
            "[It lowers|The new surface lowers] the level at the windows by {few} decibels at 50 km/h, but not at the lights.",
        ),
        (
            "At 50 km/h the level at the windows fell noticeably, while nothing changed near the traffic lights.",
            "The new surface makes it much quieter at 50 km/h, but not at the lights.",
        ),
        (
            "Measurements on {street} in {place} [show what quiet asphalt brings to residents|compare the noise before and after quiet asphalt was laid].",
            "Traffic was the same, and recordings ran for {hours} hours [before and after|each time].",
            "{percent} percent of residents [sleep with an open window again|say they can open the window at night].",
            "The layer has to be washed twice a year at {small}, or else [the effect ends after three years|it works for three years only].",
            "The group of {person} measures again on {later}.",
        ),
    ),
    Story(
        "early bread",
        (
            "Pilot study of the bakers' guild in {place}: can bread be baked in the evening?",
            "{count} bakeries took part for {weeks} weeks. They baked [the dark loaves|rye and mixed loaves] between 5 and 9 pm and everything white in the morning as before.",
            "Two hundred customers tasted both without knowing which was which; {percent} percent found the evening loaf as good or better.",
            "[Crust was the weak point|Only the crust suffered]: it softens overnight unless loaves rest on wood.",
            "Night work fell by {hours} hours a week for each baker, and sick days [went down|became fewer], though {weeks} weeks are short.",
            "Energy cost {small} more, because ovens had to be heated twice.",
            "Three bakeries stopped early for want of evening staff; [their numbers are included up to then|they are counted as long as they took part].",
            "{person} of the guild calls the result encouraging; {other}, who bakes alone, would not change.",
            "The guild publishes a guide on {later}.",
        ),
        "{hours} hours",
        (
            "Each baker had {hours} hours less night work a week, and customers did not mind.",
            "Night work [fell|went down] by {hours} hours a week for each baker.",
        ),
        (
            "Bakers had much less night work, and customers did not mind.",
            "Night work went down for everyone who took part.",
        ),
        (
            "The bakers' guild in {place} [tested baking dark bread in the evening|let {count} bakeries bake rye bread in the evening] for {weeks} weeks.",
            "In a blind tasting, {percent} percent found the evening loaf at least as good.",
            "The crust softens overnight [unless loaves rest on wood|if loaves don't lie on wood], and heating twice cost {small} more.",
            "Three bakeries stopped early because they found no evening staff.",
            "[A guide is published|The guild publishes a guide] on {later}.",
        ),
    ),
)
