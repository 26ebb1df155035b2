"""Things that go back: labels, deadlines, refunds, and what may not travel any more."""

from __future__ import annotations

from golden_sets.writing.matters import Matter
from golden_sets.writing.matters.things import DEVICES, FURNISHINGS, WITH_BATTERY

PLAIN = (
    Matter(
        "return label",
        "low",
        (
            "013: How do I send the {item} back? [There was no label in the box.|I don't have a printer.] Order {order}.",
            "013: I need a return label for {order}. [The link in the e-mail is dead.|It doesn't fit my shelf.]",
            "230: Can I return [two|three] orders in one box? [They're {order} and one from {date}.|Saves me a trip.]",
        ),
        (
            "You'll find the label under My Account > Orders > Return; [without a printer, show the QR code at the parcel shop|the parcel shop prints it from the QR code].",
            "Return {order} within 30 days in any sturdy box; [the original one isn't needed|it needn't be ours].",
            "Two orders may share a box if [both slips are inside|you put in both return slips].",
            "The refund leaves us within five working days after [the parcel has arrived|arrival], [to the account you paid from|by the same payment method].",
        ),
    ),
    Matter(
        "another size",
        "low",
        (
            "0123: The {item} is too [big|small] for my [kitchen|hallway]. [Can I exchange it for another size?|Do I have to return it and order anew?]",
            "0123: I'd like to swap the [grey|blue|oak] {item} from {order} for [white|green|walnut]. [Is that free?|How?]",
            "0123: Wrong colour, my fault. [Can you send the other one first?|How does an exchange work?] Order {order}.",
        ),
        (
            "Choose Exchange instead of Return in My Account, pick the [other size|other version], and it leaves [right away|the same day].",
            "You have {days} days to send back the first one [in the box of the second|with the label that comes with it].",
            "An exchange is free of charge; only a [higher|difference in] price is charged or credited.",
            "The other version is in stock and [would arrive on {soon}|takes 2 to 4 working days].",
        ),
        things=FURNISHINGS,
    ),
    Matter(
        "opened and used",
        "normal",
        (
            "013: I've used the {item} [once|twice] and [don't like it|it's too loud]. [Can I still return it?|The box is gone.]",
            "023: Do you take back a {item} without the original packaging? [Order {order}.|My kids built a castle out of the box.]",
            "012: Unpacked, tried, disappointed. [May the {item} go back?|What will you deduct?]",
        ),
        (
            "Yes, trying an article is fine, and [the packaging doesn't matter|you don't need the original box].",
            "As long as it's clean and complete, you get the whole price back; [marks of heavy use can be deducted|we deduct only for heavy wear].",
            "Please put in [all accessories|the cable and the manual], because a missing part [is charged|holds up the refund].",
            "The return for {order} is open until {date}; [the label is in your account|register it in My Account].",
        ),
        things=DEVICES,
    ),
    Matter(
        "where is my refund",
        "normal",
        (
            "0213: I sent the {item} back [{days} days ago|on {date}] and still have no refund. [Order {order}.|It's ${amount}!]",
            "021: Your e-mail said my return arrived. [When will I see the ${amount}?|Nothing on my account so far.]",
            "0213: Where's my money for {order}? [The carrier says delivered on {day}.|I've got the receipt from the parcel shop.]",
        ),
        (
            "Your return arrived on {soon}, and the money [was sent to your bank yesterday|left us yesterday]; banks take up to three days.",
            "If you paid by [voucher|gift card], that part is back [on the card|in your account] already.",
            "Should it not be there by {soon}, send us the [last four digits of the account|booking date], and we'll trace it.",
            "The delivery charge is refunded too when [the whole order goes back|everything was returned].",
        ),
    ),
    Matter(
        "collect a bulky thing",
        "normal",
        (
            "012: How do I return a [wardrobe|sofa|treadmill]? [I can't carry it down four floors.|It doesn't fit in my car.] {order}",
            "012: Can someone pick up the [mattress|fridge] from {order}? [I'm home on {day}.|What does that cost?]",
            "32: The pickup for my [desk|sofa] was set for {day} and nobody came. [I took the day off!|When do they come now?]",
        ),
        (
            "Two people will collect it [from inside your home|at your door, upstairs included]; choose a day under My Account > Return.",
            "The pickup is free of charge for faults and [costs $29 otherwise|$29 if you've simply changed your mind].",
            "It needn't be taken apart or packed[, but please empty the drawers|]; [a blanket is enough|we bring covers].",
            "The new date is {soon}, between [8 and 12|1 and 5 pm], and the driver calls [an hour|half an hour] before.",
        ),
    ),
    Matter(
        "past the deadline",
        "low",
        (
            "03: I missed the 30 days for the {item} [by two days|because I was in hospital]. [Any chance?|Order {order}.]",
            "412: Until when can I return something bought on {date}? [It's a present.|The receipt doesn't say.]",
            "02: The {item} was a gift and [we already have one|she doesn't like it]. [Can it go back after six weeks?|I don't have the receipt.]",
        ),
        (
            "We accept it up to 14 days past the deadline against a voucher[ of the full value|], so [yours is fine|you can still send it].",
            "For presents bought in November or December, the deadline is the end of January.",
            "Without a receipt, [the order number or the giver's name|the giver's postcode and surname] is enough, and the giver hears nothing about it.",
            "The label for {order} is [in your account|on its way to your e-mail address] now.",
            "The deadline is 30 days after delivery; [it stands beside each order in your account|for yours that is the {soon} after {date}].",
        ),
    ),
)

AMBIGUOUS = (
    Matter(
        "opened medical things",
        "normal",
        (
            "013: Can I return lancets and [test strips|a glucose meter] from {order}? [My mother switched to a pump.|The pack is open.] [And where do the used needles go?|]",
            "02: I have [opened|half-used] bottles of painkillers left from your first aid set. [May those go back with the {item}?|Can I just flush them?]",
            "023: The medicine cabinet goes back, but [there are still pills in it from the last owner|it came with somebody's tablets inside]. [What do I do with them?|]",
        ),
        (
            "Please don't put medicines or needles into the return: [pharmacies take both back|a pharmacy takes them back] free of charge.",
            "Used needles go into a sharps box or [a hard plastic bottle with a screw cap|an empty detergent bottle], marked and closed.",
            "Never flush tablets; [sealed in the household waste they are safe in most towns|the pharmacy or household waste is the safer way].",
            "The unopened packs and the device itself can be returned as usual with the label for {order}.",
        ),
        topic="handling medicines or needles",
        instead="a pharmacist",
    ),
    Matter(
        "alarm or spray went off",
        "normal",
        (
            "01: The pepper spray from {order} [leaked in my handbag|went off in the car]. [How do I get it out of the seats?|My eyes burn.] I want my money back.",
            "24: The personal alarm won't stop screaming and I want to return it. [How do I kill the noise?|It's been an hour.]",
            "53: Does the self-defence spray [expire|go bad]? [I'd like to return the one I never had to use.|It says {date}.]",
        ),
        (
            "Rinse eyes with plenty of cool water for 15 minutes and air the room or car; [washing-up liquid lifts the oil from fabric|a cloth with washing-up liquid gets it out of seats].",
            "A spray that leaks is a fault: you get the money back [without sending it in|and needn't mail it, which isn't allowed].",
            "To silence the alarm, push the pin back in or [take out the battery under the small screw|open the back and remove the battery].",
            "Unused cans can be returned within 30 days; expired ones go to [the hazardous waste point|your recycling yard].",
            "An alarm that won't stop is faulty: [once it's quiet it may go back|it may go back as soon as it's quiet], and the label is in your account.",
            "A can keeps for three to four years; [the date on its bottom counts|what counts is the date on the bottom].",
        ),
        topic="weapons or irritant sprays",
        instead="the police or a doctor",
    ),
    Matter(
        "worrying blood pressure",
        "urgent",
        (
            "012: I want to return the blood pressure monitor from {order}. [It shows 178 over 110 every morning|It says my heart skips], that can't be right. [Is it broken or am I?|]",
            "413: Your [thermometer|oximeter] shows [41 degrees|86 percent] for my [son|husband]. [Is it faulty? Can it go back?|Should I trust it?]",
            "53: The scale says I have [41|45] percent body fat. [That must be a fault, I want a refund.|Is that dangerous?]",
        ),
        (
            "You can return it within 30 days even when used; to test it first, [sit still for five minutes and measure three times on the other arm|measure three times, five minutes apart, sitting still].",
            "If a second device or a pharmacy shows similar values, please see a doctor today; [with chest pain or shortness of breath call an ambulance|with pain or trouble breathing call an ambulance now].",
            "Values that jump by more than 20 between measurements point to [the cuff or the batteries|a loose cuff], which we replace free of charge.",
            "The label for {order} is in your account[, and it may go back used|; used devices are accepted].",
            "To test it, measure somebody healthy too: if [both values are off|it's off for both], the device goes back, and [if not, please trust it|otherwise trust it].",
            "A scale guesses fat from a weak current and is easily 5 points off; [step on it barefoot in the morning, three days in a row|weigh yourself barefoot on three mornings].",
        ),
        topic="medical readings",
        instead="your doctor",
    ),
    Matter(
        "right to withdraw",
        "high",
        (
            "021: How do I legally withdraw from the contract for {order}? [Today is day 14.|What must the letter say?] [My lawyer is on holiday.|]",
            "12: Is your 30-day rule on top of my statutory right? [What is the last day for a {item} delivered on {date}?|I want it in writing.]",
            "34: You refuse to take back the [made-to-measure blind|engraved {item}]. [Is that even legal?|Which law says so?]",
        ),
        (
            "A short message such as 'I withdraw from order {order}' is enough, and [this one counts|you have just sent it]; no reason or form is needed.",
            "The statutory 14 days start on the day after delivery; our 30 days [are longer and include them|run alongside and are longer].",
            "What matters is the day you write, [not the day the parcel reaches us|and the parcel may follow within two weeks].",
            "Articles made to your measure are excepted by law unless they're faulty; [then they go back like any other|a fault changes that].",
            "If yours was measured wrongly, we can offer [a new one at half price|a credit of 20 percent].",
        ),
        topic="your legal rights",
        instead="a lawyer",
    ),
    Matter(
        "swollen battery",
        "urgent",
        (
            "021: The battery of my {item} [has blown up like a balloon|is swollen and hot]. [Will it explode?|Do I put it in a box and mail it back?] Order {order}.",
            "012: I want to return a power bank that [hisses|smells burnt]. [Which box won't catch fire?|It's in my sink now.]",
            "012: My drill's battery got wet and smokes a bit. [How do I send this bomb back to you?|Can it set my flat on fire?]",
        ),
        (
            "Don't charge or mail it: put it outside on stone or into a metal bucket with sand, [away from anything that burns|well away from the house].",
            "If it hisses or smokes, keep your distance and call the fire brigade; [don't use a wet cloth|don't pick it up].",
            "Once cold, [a recycling yard takes it|it goes to the hazardous waste point]; we refund you on a photo of the label, [without a return|nothing has to be sent].",
            "Order {order} is being checked for other buyers, [so thank you for telling us|and your photo helps with that].",
        ),
        topic="explosive or burning objects",
        instead="the fire brigade",
        things=WITH_BATTERY,
    ),
    Matter(
        "bedbugs in the box",
        "high",
        (
            "013: There were [bedbugs|moths|cockroaches] in the box with the {item}. [How do I kill them?|Can I send it back like this?] Order {order}.",
            "023: Something is crawling in the [mattress|sofa cushion] I bought. [What poison do you suggest before I return it?|I want it out of my flat.]",
            "201: I'm returning a [rug|mattress] because of fleas. [Which spray kills them but not my cat?|Do I have to treat it first?]",
        ),
        (
            "Please don't mail it: seal it in a plastic bag, and [a specialist collects it at our cost|we have it collected by a specialist].",
            "Small textiles are freed by three days in the freezer or [an hour in the dryer at 60 degrees|a wash at 60 degrees], without any spray.",
            "For the room, diatomaceous earth kills bugs and is harmless to cats once [it has settled|the dust has settled]; [permethrin is not, so avoid it|keep permethrin away from cats].",
            "You get the full price of {order} back and [the treatment is on us|we pay for the treatment, against the bill].",
        ),
        topic="poisons or killing animals",
        instead="a pest control company",
    ),
)
