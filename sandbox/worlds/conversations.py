"""Short everyday conversations for the demo world. `>` is said by our line, `<` by the person.

In a group a digit tells who of the members speaks.
"""

from __future__ import annotations

_DIRECT = """
> Hi {name}, this is the front desk. Would Thursday at 3 suit you for the check-up?
< Hi! Thursday is a bit tight. Is there anything on Friday?
> Friday at 10:15 is free.
< Perfect, please put me down for that.
> Done. See you Friday at 10:15.
< Thank you!

> Good morning {name}, your order is packed and goes out today.
< Great! When will it be here?
> Most likely tomorrow before noon.
< I'm out until one. Can it be left with a neighbour?
> Of course. I've added a note for the driver.
< That's really helpful, thanks.

< Hi, I'd like to ask if you repair bicycles with disc brakes?
> Hi {name}! Yes, we do. What seems to be the trouble?
< The rear one squeals, mostly in the rain.
> That is often just the pads. Bring it by and we'll have a look while you wait.
< Would Saturday morning work?
> We open at nine. It rarely takes more than twenty minutes.
< See you Saturday then 🚲

> Hello {name}, how did you like the class last week?
< I loved it! My shoulders are still sore though 😅
> That gets better, promise. Shall I keep your place for this week?
< Yes please, and one for my sister if you have room.
> There is room. You're both in for Wednesday at six.
< Amazing, she'll be thrilled.

< Is the table by the window still free tomorrow night?
> For how many people?
< Four, around seven thirty.
> It's yours. Any allergies we should know about?
< One of us can't have nuts.
> Thanks, I've told the kitchen.
< Wonderful. Looking forward to it.

> Hi {name}, the plumber can come between 8 and 10 tomorrow. Is somebody home?
< Yes, I work from home on Tuesdays.
> Good. He'll ring when he's ten minutes away.
< Does he need access to the basement?
> Yes please, that's where the main valve is.
< I'll clear the shelf in front of it tonight.
> Thank you, that saves a lot of time.

< Hey, do you have the green mugs back in stock?
> Not yet, they should arrive on Monday.
< Could you put two aside for me?
> Sure. I'll write as soon as they're here.
< You're the best.
> They arrived early! Two green mugs with your name on them.
< Coming by after work 🎉

> Hi {name}, just checking that the new password worked.
< It did, but now I can't see last year's invoices.
> That's odd. Could you try the Archive tab on the left?
< Oh! There they are. Sorry.
> No need to be sorry, it's easy to miss.
< Maybe make it bigger 🙂
> I'll pass that on.

< Good evening. We're locked out of the storage unit, the code doesn't work.
> Sorry about that! Is it unit 12 or 21?
< 21
> Please try again now, I've reset it to the one in your welcome mail.
< It works. That was quick!
> Glad to hear it. Have a good evening.

> Hello {name}, your photos are ready. There are 48 of them.
< So exciting! Can I pick which ones to print?
> Yes, up to ten are included.
< And how long do I have to decide?
> There's no rush, they stay here for three months.
< Great, I'll look at them this weekend with everyone.

< Do you still walk dogs in the north of town?
> We do! What's your dog like?
< Biscuit is a very polite beagle who pulls like a tractor.
> Ha! We know the type. Weekdays or weekends?
< Tuesday and Thursday around noon.
> We have both. Shall we come by to meet Biscuit first?
< Yes, Sunday would be lovely.
> Sunday at eleven it is.

> Hi {name}, a reminder that your library room is booked for tomorrow, 2 to 4.
< Thanks! Is there a projector?
> There is, and a cable for most laptops.
< Mine only has the small round plug.
> I'll leave an adapter at the desk for you.
< Thank you so much.

< Hi, I think I left an umbrella at yours yesterday.
> A yellow one with a wooden handle?
< Exactly that one!
> It's safe behind the counter.
< Phew. I'll get it on Friday.
> Any time, we're here until six.

> Hello {name}, would you have two minutes to tell us how the delivery went?
< It went well, but the stairs were a challenge for them.
> Thank you. We'll plan a third person next time.
< That would help. The sofa is lovely by the way.
> So happy to hear that!

< When does the market open on Sunday?
> At eight, and the bread is usually gone by ten 🥖
< Then I'd better get up early.
> We can keep a loaf for you, if you like.
< One sourdough please!
> Noted.
< ❤️

> Hi {name}, your car is ready. New wipers are on and the tyres are at the right pressure.
< Already? I thought it would take until tomorrow.
> It was a quiet morning.
< I'll be there at five. Can I pay by card?
> Of course.

< Quick question, is the pool heated in November?
> It is, 28 degrees all year.
< And do children need a cap?
> Everybody does, but we have some to lend.
< Perfect, see you on Saturday.

> Hello {name}, the seamstress asks if the sleeves should be one or two centimetres shorter.
< Two please. One and a half if two looks strange.
> I'll tell her exactly that 🙂
< Thanks! When can I try it on?
> Thursday from noon.
< I'll be there.

< Hello, my tomato plants look sad. Yellow leaves from below.
> Hi {name}! How often do you water them?
< Every evening, sometimes mornings too.
> That may be too much. Let the soil dry a bit between.
< Okay, I'll try that for a week.
> Send us a picture then. They usually recover quickly.
< Update: they're standing up straight again!
> Wonderful news 🍅

> Good afternoon {name}, the flat on the second floor is free for a viewing on Monday.
< Is it the one with the balcony?
> Yes, it faces the yard.
< Then I'd love to see it. Would 17:30 be okay?
> 17:30 is fine. Ring at the door marked Office.
< Will do. Do you need any papers from me?
> Not for the viewing.

< Hi, can I still change my order from yesterday?
> Hi {name}, yes, it hasn't been packed yet. What would you like to change?
< The large box instead of the small one.
> Changed. The difference is four dollars, we'll add it to the bill.
< That's fine, thanks for being so quick.

> Hi {name}, the choir meets half an hour later this week.
< So 19:30 on Tuesday?
> Exactly.
< Good, then I can take the later bus.
> Bring the blue folder please.
< I think mine is still with Ada.
> I'll ask her to bring it along.
"""

_GROUP = """
1 Who brings what on Saturday?
2 I can do salad
3 Drinks from me
> I'll bring bread and the big table.
1 Then I'll do dessert 🍰
2 Do we need chairs?
> We have twelve, that should be enough.
3 Perfect

> The room is booked until nine tonight.
2 Nice, I'll be ten minutes late
1 No problem, we start with the boring part
3 😂
> I'll save you a seat.

1 Practice is moved to Thursday because of the rain.
2 Fine with me
3 I can't on Thursday, sorry
> Would Friday work for everybody?
3 Friday is good
1 Friday 18:00 then
2 👍

> Reminder: keys have to be back by Sunday.
1 I have two of them, will drop them off tomorrow
2 Mine is with Theo
3 Theo here, it's in my jacket 🙈
> No rush, Sunday is fine.

2 Has anybody seen the small ladder?
1 It's in the shed, behind the bikes
2 Found it, thanks!
> Please put it back afterwards, we need it on Monday.
2 Will do

3 Train is late, about twenty minutes
> Thanks for letting us know, we wait at the entrance.
1 We got you a coffee
3 You are heroes

1 Are we still doing the early shift next week?
> Yes, Monday to Wednesday from seven.
2 I can take Monday and Tuesday
3 Then I do Wednesday
> Great, it's in the calendar.
1 Thanks all

> The new plants have arrived. Who helps on Saturday morning?
2 Me!
3 I can from ten
1 I'll bring gloves for everyone
> We start at nine thirty, coffee is on us.
2 ☕️🌱
"""

FOLLOW_UPS = (
    "Hi {name}, just following up on my last message.",
    "Did you get a chance to have a look?",
    "Is there a better time to reach you?",
    "We still have a place for you this week.",
    "A quick reminder about your booking.",
    "Would another day suit you better?",
    "We've kept the offer open until Friday.",
    "Shall we try again next month?",
    "Last reminder from our side for now.",
    "Please let us know if anything is unclear.",
    "We're here if you need us.",
)

GROUP_NAMES = (
    "Saturday market team",
    "Choir, second row",
    "Garden helpers",
    "Early shift",
    "Book club",
    "Neighbours of no. 12",
    "Five-a-side",
    "Moving day",
    "Kitchen crew",
    "Film night",
)

Turn = tuple[str, str]


def _read(text: str) -> tuple[tuple[Turn, ...], ...]:
    blocks = text.strip().split("\n\n")
    return tuple(tuple((turn[0], turn[2:]) for turn in block.split("\n")) for block in blocks)


DIRECT = _read(_DIRECT)
GROUP = _read(_GROUP)
