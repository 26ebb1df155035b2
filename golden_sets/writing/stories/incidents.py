"""Reports on accidents and outages with people in them."""

from __future__ import annotations

from golden_sets.writing.stories import Story

STORIES = (
    Story(
        "fall from a ladder",
        (
            "Accident report, warehouse of {firm} in {place}, {date}.",
            "At about 10.20 am an employee of the night team, [who had stayed for stocktaking|on overtime for stocktaking], fell from the third step of a rolling ladder in aisle {few}.",
            "She had reached for a box at the far end of the shelf [instead of moving the ladder|without moving the ladder first].",
            "A colleague heard the fall, [pressed the alarm|called the first aider] and stayed with her; she was conscious all the time and complained about her left wrist.",
            "First aider {other} cooled and splinted it. An ambulance arrived after {few} minutes and took her to the hospital in {place}.",
            "The wrist is broken, and she is expected to be off work for {weeks} weeks.",
            "The examination found that the brake on one wheel did not lock: [the rubber was worn down to the metal|its rubber had worn away].",
            "It had been noted in the last check in spring, [but the spare part was never ordered|and nobody had ordered the part].",
            "All {count} ladders of this type were taken out of use on the same day.",
            "{person}, head of the site, is responsible for new brakes and for a short training before {later}.",
        ),
        "brake",
        (
            "The cause was a worn brake on one wheel of the ladder, [known since spring|which a check in spring had noted without result].",
            "One wheel's brake no longer locked; [the fault was on record|it had been noted in spring], but no part was ordered.",
        ),
        (
            "The cause was a worn part of the ladder, which a check in spring had noted without result.",
            "The ladder was in poor condition; it had been noted in spring, but nothing was ordered.",
        ),
        (
            "An employee of {firm} in {place} [fell from a rolling ladder|was hurt in a fall from a ladder] on {date} and broke her left wrist.",
            "She [had reached too far to one side|was reaching for a box at the end of the shelf] during stocktaking.",
            "A first aider splinted the wrist, and the ambulance came after {few} minutes; she is off work for {weeks} weeks.",
            "All {count} ladders of that type are out of use.",
            "{person} sees to new brakes and to a training before {later}.",
        ),
        "a report on a person's injury",
    ),
    Story(
        "chlorine in the pool",
        (
            "Incident report of the indoor pool in {place}, {date}, early shift.",
            "At 7.05 am swimmers in lanes two and three [complained about burning eyes|began to cough]. {other}, the attendant, cleared the water within four minutes.",
            "{few} guests were treated on the spot; [two were taken to hospital as a precaution and went home the same evening|two went to hospital and were released in the evening].",
            "The gas sensor over the deep end had risen to three times its usual value, [still under the alarm|just below the level of the alarm].",
            "The technician on duty found that the dosing pump had run through the night although the circulation stood still.",
            "The reason was a relay that had stuck: [it should have cut the pump's power when the water stopped|it is there to stop the pump when the water stops].",
            "The hall was aired for {hours} hours, the water exchanged by a third, and measured every ten minutes.",
            "The fire brigade released the building at noon. The health office was informed [by telephone at 8.15 am|within the hour].",
            "{person} ordered a second, independent switch; until it is installed on {later}, the night round includes a look at the pump.",
            "Guests with season tickets receive a day back.",
        ),
        "relay",
        (
            "A relay had stuck, so the dosing pump [went on all night while the water stood still|ran through the night without circulation].",
            "The pump had dosed all night without circulation because [a relay was stuck|of a stuck relay].",
        ),
        (
            "A technical fault had let the dosing pump run through the night without circulation.",
            "The pump had dosed all night without circulation because something in the control had failed.",
        ),
        (
            "Too much chlorine gas [irritated swimmers|hurt swimmers' eyes and lungs] in the {place} pool on the morning of {date}.",
            "The attendant {other} cleared the pool in four minutes; {few} people were treated and two spent the day in hospital.",
            "The sensor had shown [three times the usual value|a rise to three times the usual], just below the alarm.",
            "After {hours} hours of airing [and tests|and a partial change of water], the fire brigade released the building at noon.",
            "A second switch follows on {later}, and until then the pump is checked every night.",
        ),
        "a report about people who were harmed",
    ),
    Story(
        "wrong tablets",
        (
            "Report to the quality circle of the {place} care home, {date}. Names of residents are left out.",
            "During the evening round a resident of the second floor was given the tablets of her neighbour, [among them a blood thinner|one of them a blood thinner].",
            "The nurse, an agency worker on her first evening, noticed it herself {minutes} minutes later, when the neighbour asked for hers.",
            "She informed {other} at once; the doctor on call advised checking pulse and blood pressure every hour. [No harm followed.|The resident was well throughout.]",
            "The family was called the same evening [and thanked for the openness|and took it calmly].",
            "Looking back, the circle found that both trays had been prepared correctly.",
            "What was missing was a photograph: [since the new cabinets came, trays bear the room number only|the new trays show the room, not the face], and the two women had swapped rooms on {day}.",
            "Nothing in the handover told an agency worker about the swap.",
            "From {later} trays carry a photograph again, and whoever is new goes the first round in pairs.",
            "{person} will report on both measures in {weeks} weeks.",
        ),
        "photograph",
        (
            "Trays [showed the room number but no photograph|had no photograph, only a room number], and the two residents had swapped rooms.",
            "The trays had lost their photographs with the new cabinets, and nobody mentioned that [the women had swapped rooms|two rooms had been swapped].",
        ),
        (
            "The trays were not marked well enough, and the two residents had swapped rooms.",
            "The labels on the trays had changed with the new cabinets, and nobody mentioned that two rooms had been swapped.",
        ),
        (
            "In the {place} care home a resident [was given her neighbour's tablets|received the wrong tablets], including a blood thinner, and came to no harm.",
            "The agency nurse noticed it after {minutes} minutes and [told {other} at once|reported it herself]; the doctor had pulse and pressure checked every hour.",
            "The family was informed the same evening.",
            "From {later} trays are marked better, and new staff [walk the first round in pairs|do not walk the first round alone].",
            "{person} reports on the measures in {weeks} weeks.",
        ),
        "medical incidents",
    ),
)
