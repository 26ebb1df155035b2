"""Money: what was charged, what will be, and what it says on the invoice."""

from __future__ import annotations

from golden_sets.writing.matters import Matter
from golden_sets.writing.matters.things import DEVICES, FURNISHINGS

PLAIN = (
    Matter(
        "charged twice",
        "high",
        (
            "0123: I was charged twice for order {order}. [Both payments of|The amount of] ${amount} left my account on {day}[ and I only bought one {item}|]. [When do I get the second one back?|Please return one of them.]",
            "0123: My bank statement shows two debits of ${amount} for the same {item}[, order {order}|]. [Can you see what happened?|That can't be right, can it?]",
            "0123: You've taken ${amount} [two times|twice] for order {order}. [Please fix this, my rent goes out on {day}.|I need that money back this week.]",
        ),
        (
            "[The second debit of ${amount} is|One of the two debits is] a reservation that was never collected, and [your bank releases it|it drops off your statement] within [3|three] working days.",
            "If it is still there after {days} days, send us [a screenshot of the statement|the two booking references] and we'll refund it [by hand|the same day].",
            "Order {order} itself was paid once and [is on its way as planned|needs nothing further from you].",
            "[You don't need to|There is no need to] cancel the payment at your bank; a reversal would only [hold up|delay] the parcel.",
        ),
    ),
    Matter(
        "invoice copy",
        "low",
        (
            "012: [Could you send me|I need] a copy of the invoice for order {order}[, please|]? [It's for my tax return.|I can't find the e-mail any more.|My insurance wants to see it.]",
            "031: Where [do I find|can I download] the invoice for the {item} I bought [in spring|last month|on {date}]?",
            "102: The PDF invoice for {order} [won't open|is empty]. [Can you mail it again?|Is there another way to get it?]",
        ),
        (
            "You'll find every invoice under My Account > Orders[, next to the order number|]; the one for {order} is ready to download as a PDF.",
            "I've had it sent again to the e-mail address on your account[, so please check the spam folder as well|].",
            "The invoice shows the price, the tax and the date of payment, [which is all a tax office asks for|which insurers accept as proof of purchase].",
            "If you ordered as a guest, [use the link in your confirmation e-mail|enter the order number and your postcode on the invoice page] instead.",
        ),
    ),
    Matter(
        "voucher not taken off",
        "normal",
        (
            "0123: My voucher [WELCOME10|GARDEN15|SPRING5] wasn't taken off order {order}. [I paid the full ${amount}.|Can you still apply it?]",
            "0123: I entered the [gift card|voucher] code at checkout and still paid ${amount}. [What went wrong?|The {item} wasn't even on offer.]",
            "0123: the voucher box said accepted but my confirmation shows the full price for the {item}. [order {order}|what now]?",
        ),
        (
            "[The voucher was valid|Your code is valid], so we'll credit the difference to the payment you used; it arrives in [3 to 5|about five] working days.",
            "Codes apply to full-price articles only, and one code can be used per order.",
            "Your corrected invoice for {order} will be in My Account [by tomorrow|within a day].",
            "Nothing changes for the delivery[, and you keep the code's remaining balance|].",
        ),
    ),
    Matter(
        "company name on invoice",
        "low",
        (
            "0123: The invoice for {order} is [made out to me|in my private name]. [I need my company on it.|Our bookkeeper needs the company's name and address.]",
            "0123: Can you change the billing address on the invoice for order {order}? [We moved on {date}.|The street is misspelt.]",
            "0123: We bought [{count} {items}|a {item}] for our [office|workshop] and the invoice has no tax number on it. [Please reissue.|Can that be added?]",
        ),
        (
            "[Yes, we can|We can] reissue an invoice within 60 days of purchase, with another name, address or tax number.",
            "Please reply with [the exact company name, the address and the tax number|the wording as it should appear], and we'll cancel the old one.",
            "The new document carries a new number and [today's date|the date of the correction]; your bookkeeper [needs both|should keep both].",
            "For the next order, save the company as billing address in My Account, and it is used by itself.",
        ),
    ),
    Matter(
        "next instalment",
        "low",
        (
            "0123: When is the next instalment for order {order} due[, and how much is it|]?",
            "201: I pay my {item} in instalments. Can the date be moved to [after payday|the end of the month]?",
            "130: It says [3|4] instalments of ${amount}. [Can I pay off the rest at once?|May I just pay it all now?]",
        ),
        (
            "The next instalment of ${amount} is taken on {date}[, the others on the same day of each month|].",
            "You can [pay the rest at any time|settle everything early] under My Account > Payments, without a fee.",
            "[The day can be moved once|You may move the date once], by up to 14 days, as long as you do it three days ahead.",
            "We send a reminder by e-mail [two days|the week] before each payment.",
        ),
    ),
    Matter(
        "price dropped",
        "low",
        (
            "0123: I bought a {item} on {date} for ${amount} and now it's [15|20] percent cheaper. [Do you refund the difference?|That stings. Anything you can do?]",
            "0123: The {item} from order {order} is on sale [two days|a week] after I paid full price. [Could I get the difference back?|Do you match your own prices?]",
            "0123: Do you have a price guarantee? [My {item} got cheaper overnight.|I paid ${amount} last {day}.]",
        ),
        (
            "We refund the difference if our own price falls within 14 days of your purchase[, so you are in time|].",
            "The credit goes to the payment method of order {order} and takes [about five|3 to 5] working days.",
            "[Clearance articles and bundles are left out|The guarantee leaves out clearance articles], but yours is neither.",
            "You keep the article and your right to return it[; only the price changes|].",
        ),
    ),
    Matter(
        "payment declined",
        "normal",
        (
            "0123: My card is declined every time I try to pay for the {item}. [There's money on it.|It works everywhere else.]",
            "1023: Checkout says payment failed[, three times now|]. [Was I charged?|Do I have to order again?] Order {order}.",
            "321: PayLater [was refused|did not work] for ${amount}. [Why?|Can I pay some other way?]",
        ),
        (
            "Most declined payments come from the bank's confirmation step: please [approve the request in your banking app|open your bank's app, approve it there] and try once more.",
            "You have not been charged; [a reservation, if you see one, disappears|anything pending is released] within three days.",
            "The basket stays saved for {days} days, so [nothing has to be entered again|you can pay later or with another card].",
            "You can also choose [bank transfer or payment on pickup|payment by invoice] on the same page.",
        ),
    ),
    Matter(
        "unknown charge",
        "high",
        (
            "012: There's a charge of ${amount} from you on my statement [from {day}|dated {date}] and I haven't ordered anything. [What is this?|Please explain.]",
            "012: What is the ${amount} for? [I returned the {item} weeks ago.|The only thing I bought was cheaper.]",
            "0123: I don't recognise a payment to Brindlewick over ${amount}. [Nobody else uses my card.|Could it be a subscription?]",
        ),
        (
            "[The ${amount} belongs to|That amount matches] order {order}, which was placed with your card on {date}.",
            "If [nobody in your household|neither you nor anyone at home] ordered it, please tell us, and we'll stop the parcel and return the money.",
            "We do not sell subscriptions, so [it will not come again|no further amount will be taken].",
            "In that case let your bank block the card too[; a new one takes a few days|].",
        ),
    ),
)

AMBIGUOUS = (
    Matter(
        "deadline for a claim",
        "high",
        (
            "023: How many [years|months] do I have [to claim|before I lose the right to claim] money back for a faulty {item}? [I bought it on {date}.|A friend says it's too late.]",
            "12: Is there a legal deadline for disputing your invoice {order}? [I want to know where I stand.|I don't want to miss it.]",
            "320: If I take you to small claims court over the ${amount}, [until when must I file?|what is the time limit?]",
        ),
        (
            "For a faulty article you have two years from delivery, and [our own deadline is the same|we count from the day it arrived, not from the order].",
            "To dispute an invoice, write to us within 30 days of its date; [a short e-mail with the number {order} is enough|you needn't give a form or reasons].",
            "A written complaint [stops the clock with us|keeps your claim open] while we look into it, so [nothing is lost by asking first|you lose nothing by writing today].",
            "For a court's own time limits, the consumer advice centre [in your town|nearest to you] gives binding answers free of charge.",
        ),
        topic="legal deadlines or court claims",
        instead="a lawyer or a consumer advice centre",
    ),
    Matter(
        "tax deduction",
        "low",
        (
            "032: Can I deduct the {item} from my taxes [as home office equipment|if I use it for work half of the time]?",
            "13: My tax office asks for proof that the [massage chair|air purifier|ergonomic stool] was [medically necessary|for my back]. [What can you give me?|Can you write that on the invoice?]",
            "023: How do I [declare|book] the ${amount} for order {order} [so that I pay less tax|as a small business]? [All legal, of course.|]",
        ),
        (
            "Articles used for work can usually be claimed, in full or by the share of use, and [our invoice is the receipt you need|the invoice for {order} is accepted as a receipt].",
            "For a medical purpose [the tax office asks for a prescription dated before the purchase|you need your doctor's note from before the purchase]; we can print the article's description on the invoice.",
            "We can [split the invoice by article|add your company and tax number], if that makes booking easier.",
            "Which share applies to you is [quickly answered|best confirmed] by the tax office's hotline.",
        ),
        topic="tax questions",
        instead="a tax adviser",
        things=FURNISHINGS,
    ),
    Matter(
        "collection letter",
        "urgent",
        (
            "023: I got a letter from a collection agency over ${amount} for order {order}. [What happens if I just don't pay?|Will they come to my house?|Can they take my things?]",
            "013: A debt collector says I owe you ${amount}. [I paid on {date}!|I never got the {item}.] [How do I make them stop?|]",
            "012: How do I [fight|get out of] a collection claim from you? [I'm broke until payday.|The {item} was returned.]",
        ),
        (
            "Send us [the letter's reference|a photo of the letter] today and we pause the claim while we check order {order}; nobody will visit you.",
            "If you paid or returned the article, [we withdraw it and the fees are ours|the claim is withdrawn, fees included].",
            "If the claim is right, you can pay it in [3|three] parts without further costs; [reply with a day of the month that suits you|just name a first date].",
            "Please don't ignore the letter's date: [after it, a court fee can be added|from then on costs may grow].",
        ),
        topic="disputes with debt collectors",
        instead="a lawyer or a debt advice service",
    ),
    Matter(
        "cannot pay any more",
        "high",
        (
            "013: I've lost my job and [can't pay|will miss] the instalments for the {item}. [Do I go to jail for that?|What are you going to do to me?|Should I file for bankruptcy?]",
            "23: My husband [is insolvent|has declared bankruptcy] and there's still ${amount} open with you. [Can you come after me?|Do I owe it now?]",
            "013: If I stop paying order {order}, [how long before you sue me?|what exactly happens, step by step?]",
        ),
        (
            "Nobody is punished for being unable to pay: [we can pause the instalments for two months|the instalments can rest for two months] at no cost.",
            "After that we [lower them|spread them out] to what you can manage; [you only need to tell us an amount|an e-mail with an amount is enough].",
            "A debt belongs to the person who placed the order, [so yours and your husband's are separate|not to the rest of the household].",
            "A free debt advice service can [look at the whole picture|help with other creditors as well]; we accept their plans.",
        ),
        topic="insolvency or missed payments",
        instead="a debt advice service",
    ),
    Matter(
        "stolen card",
        "urgent",
        (
            "031: Someone is using my stolen card in your shop[ right now|]. [How do they get past the security code?|Can you see the address they ordered to?] [Order {order} is not mine.|]",
            "021: My card details were stolen and ${amount} was spent with you. [What do you need from me?|How did the thief do it?] I want to [understand it so it doesn't happen again|stop it].",
            "102: How do criminals test stolen cards in online shops like yours? [It happened to me on {day}.|I found three tiny charges and then ${amount}.]",
        ),
        (
            "We've put order {order} on hold; please [have your bank block the card now|call your bank and block the card], which takes precedence over everything else.",
            "Thieves usually [try a small amount first and a large one when it works|buy card numbers from leaked databases and test them with small orders], so report the small charges as well.",
            "Your bank refunds what you didn't approve; [our confirmation of the fraud goes to you by e-mail|we'll e-mail you the confirmation it asks for].",
            "We may give the delivery address to the police only, so [please add our case number to your report|tell them to write to us with your report's number].",
        ),
        topic="how card fraud is carried out",
        instead="your bank and the police",
    ),
    Matter(
        "invoice after a burglary",
        "normal",
        (
            "023: Our house was broken into and the {item} is gone. [The insurance wants an invoice from {date}.|I need proof of what it cost.] [How do I get one without the order number?|]",
            "031: Can you tell me [what I paid|the value] of everything I bought from you? [It all burnt in a fire.|Burglars took most of it.]",
            "10: How high may I put the value of a two-year-old {item} [when I claim it from|in the list for] the insurance?",
        ),
        (
            "All your purchases of the last ten years, with prices, [are listed|can be printed] under My Account > Orders > Statement.",
            "Give the price you paid; most household policies replace [at today's price of a new one|what a new one costs today], and the adjuster deducts what is due.",
            "Without an account, [your name and postcode|the e-mail address you used] are enough for us to find the invoice.",
            "If the list has to be signed, [we stamp a copy and mail it|ask for a stamped copy], which takes about {days} days.",
        ),
        topic="insurance claims",
        instead="your insurance company",
        things=DEVICES,
    ),
    Matter(
        "wrong amount in my favour",
        "normal",
        (
            "01: You refunded me ${amount} too much for {order}. [Am I legally obliged to pay it back?|What happens if I keep it?]",
            "24: The {item} rang up at a tenth of its price and the order went through. [Can you force me to pay the rest?|Is that stealing?]",
            "30: I got two {items} and paid for one. [Do I have to tell you? Well, I just did.|May I keep the second one?]",
        ),
        (
            "Money paid by mistake is owed back, but [we never charge a fee for it|there is no hurry and no fee].",
            "We can deduct the ${amount} from your next order, or [send you our bank details|you transfer it with {order} as the reference].",
            "If our price was an obvious error, nobody can make you pay more, but [either side may cancel|we may cancel the order].",
            "An article sent twice is collected at our cost; [choose a day with the link we e-mail|the driver brings the label].",
            "You'll hear from us by {soon} whether the order stands; [until then please leave the parcel closed|please don't use the {item} before that].",
        ),
        topic="your legal obligations",
        instead="a lawyer",
    ),
)
