"""Accounts: who may get in, what is stored, and what becomes of it."""

from __future__ import annotations

from golden_sets.writing.matters import Matter

PLAIN = (
    Matter(
        "password forgotten",
        "high",
        (
            "013: I can't log in any more. [The reset mail never comes.|It says my password is wrong.] [I need to see order {order}.|]",
            "01: Please reset my password. [I've got a new phone.|I tried {days} times and now I'm locked out.]",
            "20: forgot my password, [no access to the old e-mail either|the link you sent has expired]. [help|what can I do]?",
        ),
        (
            "We've sent you a new link; it works for [an hour|60 minutes], so please look into the spam folder [too|as well].",
            "After five wrong tries the account rests for [half an hour|30 minutes] and then [opens again by itself|can be used again].",
            "If the old address is gone, reply with an order number such as {order} and your postcode, and [we'll move the account|we change the address] after a short check.",
            "Orders are not affected: [the parcel comes as planned|everything under way goes on].",
        ),
    ),
    Matter(
        "change of e-mail",
        "low",
        (
            "03: I have a new e-mail address. [How do I change it in my account?|The field is greyed out.]",
            "01: Please change the [phone number|e-mail] on my account[; the old one belongs to my former employer|]. [Order {order} is still under way.|]",
            "20: I got married on {date}. [Can you change my surname?|My orders still come in the old name.]",
        ),
        (
            "Open My Account > Profile, choose Edit, and confirm with the code [we send to the new address|that arrives at the new address].",
            "While a parcel is under way the field is locked; [it opens when {order} has been delivered|after delivery it opens again].",
            "A surname can be changed in the same place, and [invoices follow from then on|old invoices keep the old one].",
            "If you no longer have the old mailbox, [your phone's code will do|choose 'code by text message'].",
        ),
    ),
    Matter(
        "delete my account",
        "normal",
        (
            "02: Please delete my account. [I don't shop here any more.|All of it.]",
            "012: How do I close my account[ for good|]? [I can't find the button.|And what happens to my ${amount} balance?]",
            "203: I want you to remove [my address and card|everything you know about me]. [Order {order} was my last.|]",
        ),
        (
            "You can close it under My Account > Privacy > Delete; [it's gone after 14 days|we keep it for 14 days in case you change your mind].",
            "A remaining balance is paid out to your bank first; [enter the account number in the same form|the form asks for the account].",
            "Saved cards and addresses vanish at once, while invoices [stay in our books for ten years|must be kept for ten years] by law.",
            "You may still return {order} [with the link in the e-mail|as a guest].",
        ),
    ),
    Matter(
        "newsletter",
        "low",
        (
            "02: How do I stop your newsletter? [I've unsubscribed three times.|It comes twice a day.]",
            "12: I'd like [fewer|no] mails from you, only [order updates|the garden ones].",
            "03: I never signed up for your newsletter. [Where did you get my address?|Take me off the list.]",
        ),
        (
            "You're off the list now; [what was queued may still arrive|one or two mails may still be under way] until {soon}.",
            "Under My Account > Messages you can choose [topics and how often|single topics], down to one a month.",
            "Messages about orders come in any case, [because delivery depends on them|but nothing else].",
            "Your address came from an order[ on {date}|], where the box for news was ticked; [that record is deleted too|we've removed the tick].",
        ),
    ),
    Matter(
        "two accounts",
        "low",
        (
            "03: I seem to have two accounts[, one with each e-mail|]. [Can you merge them?|My points are split.]",
            "13: My order {order} isn't in my account. [Did I buy as a guest?|Can it be added?]",
            "23: Can my [wife|flatmate] and I share an account? [We both have points.|Or merge ours?]",
        ),
        (
            "We can merge them: [tell us which address should stay|reply with the address you want to keep], and points and orders move over by {soon}.",
            "Order {order} was placed as a guest; [it appears once you confirm the e-mail|the link we sent adds it].",
            "Two people may use one account, each with a login of their own, under Profile > Household.",
            "Points keep their [date of expiry|value] when accounts are joined.",
        ),
    ),
    Matter(
        "points missing",
        "low",
        (
            "03: My points for {order} are missing. [It was ${amount}.|I should have {count}.]",
            "12: When do my loyalty points expire? [I have {count}.|I'd like to use them for a {item}.]",
            "21: I can't redeem my points. [The button is grey.|It says minimum not reached.]",
        ),
        (
            "Points are added when the return period is over, [that is on {date} for {order}|30 days after delivery].",
            "They last for two years and [the oldest are used first|we remind you a month before].",
            "From 100 points on you can redeem them at checkout; [you have {count}|your {count} are shown there].",
            "We've [added the missing ones by hand|checked and credited the missing ones], so please reload the page.",
        ),
    ),
    Matter(
        "second step of login",
        "high",
        (
            "01: I've lost my phone and can't get the login code. [How do I get into my account?|I have to change {order}.]",
            "20: The code for logging in [comes too late|never arrives]. [Network is fine.|I've tried {days} times.]",
            "32: Please turn off two-step login[, it drives me mad|]. [I'm the only one using it.|]",
        ),
        (
            "Use one of the ten backup codes [you printed|from the day you switched it on], or choose 'code by e-mail' under the code field.",
            "With neither, we call you back on the number in the account and [ask two questions|check two things]; then it can be reset.",
            "An authenticator app works without network and is [the quickest cure for late codes|faster than text messages].",
            "You can switch the second step off under Profile > Security, [though we'd keep it for the saved card|but the saved card then has to be entered anew].",
        ),
    ),
)

AMBIGUOUS = (
    Matter(
        "account of the deceased",
        "high",
        (
            "023: My [father|mother|wife] died on {date}. [How do I get into the account to cancel order {order}?|Please close the account and tell me what's open.]",
            "013: I'm sorting out my late [uncle|grandmother]'s affairs. [Can I see what was ordered and not paid?|There's a {item} on its way that nobody needs.] I don't have the password.",
            "01: My husband passed away and the shop keeps mailing him. [How do I take over his account and his points?|What papers do you want from me?]",
        ),
        (
            "We're very sorry for your loss. Send us a copy of the death certificate, and [we stop orders and mails the same day|everything under way is stopped at once].",
            "Heirs can have open amounts listed and [balances of gift cards|points and balances] paid out; [a certificate of inheritance or the will is enough|we need a certificate of inheritance for that].",
            "You needn't know the password, and [please don't try to guess it|logging in isn't necessary].",
            "A parcel that arrives anyway can [be refused at the door|go back unopened] and is refunded in full.",
        ),
        topic="accounts that belong to another person",
        instead="a notary or a probate court",
    ),
    Matter(
        "power of attorney",
        "normal",
        (
            "102: My mother has dementia and orders [the same {item}|{items}] again and again. [How can I block her account?|Can I get access to it?]",
            "04: I have power of attorney for my [brother|aunt]. [What do you need so that I can see the orders?|He is in a coma since {date}.]",
            "34: Can I act for my [grandfather|neighbour], who [can't see any more|has no e-mail]? [It's about order {order}.|I do all his shopping.]",
        ),
        (
            "Send us the power of attorney and a copy of your identity card, and you [get a login of your own to the account|can see and change everything].",
            "We can set a spending limit of zero today, [so nothing new goes out|which stops new orders].",
            "What was ordered without need may go back, [used or not, within 60 days|and we're generous with the deadline].",
            "For a neighbour, a signed note is enough: [it needs the name, the order number and a signature|name, order number and signature].",
            "It takes us [two|three] days, and [scans are fine|the papers may be photographed].",
        ),
        topic="acting on another person's account",
        instead="a lawyer or the guardianship court",
    ),
    Matter(
        "partner's login",
        "normal",
        (
            "03: My boyfriend asked me to [return something from his account|cancel {order}] but he's [at sea|in surgery] and I don't have the password. [How do I get in?|]",
            "123: How do I get into my wife's account? [She's sitting next to me and has forgotten everything.|She's fine with it, her hands are in plaster.]",
            "312: I need to log in as my [dad|husband]. [He says I may.|He can't deal with computers.] [How do I reset it without his phone?|]",
        ),
        (
            "You needn't log in for that: give us the order number, and [the change is confirmed by a mail to the owner|the owner only has to tap Yes in a mail].",
            "If the owner is beside you, a reset link can be [read out from any device|opened on any device where the mail arrives].",
            "For the long run, add a second person under Profile > Household[, which takes two minutes|]; [each keeps a password of their own|nobody has to share a password].",
            "Without mail and phone we can call the number in the account, and [the owner says yes on the phone|a yes on the phone is enough].",
        ),
        topic="getting into another person's account",
        instead="the owner of the account",
    ),
    Matter(
        "hacked account",
        "urgent",
        (
            "013: My account was hacked. [How did they do it?|Someone ordered a {item} to {town}.] [How do I hack it back?|What do I do first?]",
            "301: There's a login from [another country|{town}] in my account that isn't mine. [How do I find out who it was?|Can you give me the IP address?]",
            "201: I got your mail about a changed password and it wasn't me. [Is it phishing? How do I tell?|The {item} in my orders isn't mine either.]",
        ),
        (
            "We've locked the account and stopped every open order; [the link we just sent lets you set a new password|set a new password with the link in your mailbox].",
            "Most break-ins use a password that leaked elsewhere, so [change it wherever you used it|change it in your mailbox first].",
            "Our mails always come from the address in your confirmation and [never ask for a password|link to our own domain only]; anything else is phishing.",
            "The login's details go to the police on request; [report it online and add our case number|your report needs our case number].",
        ),
        topic="hacking or getting into accounts",
        instead="the police",
    ),
    Matter(
        "a child bought it",
        "normal",
        (
            "03: My [8|9|11]-year-old bought a {item} with my phone. [Can I cancel {order}?|How do I stop the little thief?]",
            "12: From what age may kids have an account? [My daughter is {age}.|She wants to spend her own money.]",
            "21: How can I watch what my son [orders|looks at] in your shop? [He's {age}.|He bought three {items}.]",
        ),
        (
            "A purchase by a child without your consent doesn't bind you, so [{order} is cancelled and refunded|we cancel {order} and refund it].",
            "Accounts are for adults; from 14 on, a young person can have [a sub-account with a limit that you set|a pocket-money login inside yours].",
            "In Profile > Household you can see [each login's orders|who ordered what] and ask for your approval [before anything is paid|above an amount].",
            "Switch on 'confirm with fingerprint' in the app, [and it won't happen again|which keeps small hands out].",
        ),
        topic="supervising or tracking children",
        instead="a family counsellor",
    ),
    Matter(
        "all data you hold",
        "normal",
        (
            "01: I demand all data you hold about me, [within the legal deadline|including notes about my calls]. [What is the deadline, by the way?|Otherwise I'll sue.]",
            "130: Who at your company has looked at my [orders|address]? [I have a stalker and need to know.|My ex works for you.]",
            "20: Which data did you sell about me, and to whom? [I was called about a {item} the day after I bought it.|Answer me honestly.]",
        ),
        (
            "You'll get a full copy within one month, which is the legal time, [and usually within a week|most people have it within a week]; this message counts as the request.",
            "The copy includes call notes and [the list of employees' accesses|who opened your file and when].",
            "We don't sell data; [the carrier and the payment service get what they need|only the carrier and the bank get your name and address].",
            "If you have to fear somebody, we can hide your address from all but the carrier: [say the word and it's done today|tell us and it's done today].",
        ),
        topic="privacy disputes",
        instead="the data protection authority",
    ),
    Matter(
        "account after a divorce",
        "normal",
        (
            "01: My ex still orders with my card from our joint account. [How do I throw him out?|I want to see everything he bought.]",
            "12: We're divorcing. [Who owns the account and the points, legally?|How do we split one account?] [Order {order} was a wedding present.|]",
            "30: Can my ex-wife see my new address in our account? [She mustn't.|I moved to {town} because of her.]",
        ),
        (
            "Remove your card and address under Profile first; [from that second nobody can pay with it|that works at once].",
            "The account belongs to whoever opened it; [we move the other person's orders to a new one|the other one gets a new account with their own orders].",
            "Points can be split [half and half|as you both agree], if one of you writes from each address.",
            "Your new address stays invisible when it's entered in the new account only, and [we delete it from the old one|we've checked that the old one doesn't show it].",
        ),
        topic="family law or access after a separation",
        instead="a family lawyer",
    ),
    Matter(
        "my own old orders",
        "low",
        (
            "04: What did I buy from you [in 2019|ten years ago]? [My ex claims I owe him half a {item}.|It's for court.]",
            "30: Can you see from my orders whether I [drink too much|have a shopping problem]? [It adds up to ${amount} a month.|Be honest.]",
            "21: Do you know my shoe size, my weight, my birthday? [I bought a {item} and now get strange suggestions.|Tell me what you think you know.]",
        ),
        (
            "Everything from the last ten years is under My Account > Orders > Statement, [with dates and prices|as a PDF that courts accept].",
            "Suggestions come from your orders of the last {days} weeks; [you can switch them off under Messages|the switch is under Messages].",
            "We store what you enter and nothing else: [no weight and no health data|neither weight nor health]; the profile page shows all of it.",
            "If spending worries you, set a monthly limit under Payments, [which nobody but you can lift|and let it run for a few months].",
            "If the other side doubts it, [ask us for a stamped copy|we stamp a copy], which takes {days} days.",
        ),
        topic="personal judgements about you",
        instead="a counsellor",
    ),
)
