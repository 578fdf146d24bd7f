import { tongue } from '../tongue.ts';

export const english = tongue(
  'Book club|Sunday football|Climbing wall|Kitchen table|Flat 4B|Release train|Choir rehearsal|Garden plot 12|Night shift|Travel plans|Board games|Lost and found|Bike repair|Photo walk|Surprise party|Running group|Coffee corner|Front desk|Old friends|Chess by post',
  {
    when: 'tonight|at seven|tomorrow at noon|on Saturday|after work|on Friday evening|on Sunday morning',
    where: 'at the station|by the river|at our usual table|in front of the library|at my place|under the big clock',
    food: 'lentil soup|dumplings|lemon cake|pancakes|roast vegetables|noodles|plum jam',
    thing: 'the ladder|the big pot|the spare key|my umbrella|the blue suitcase|the drill|the tent',
    service: 'the billing service|the search page|the nightly import|the upload form|the login page',
    cause: 'a full disk|an expired certificate|a time zone, of course|a missing index|one comma too many',
    town: 'Lisbon|Thessaloniki|Kyoto|Haifa|Chiang Mai|Bergen|Oaxaca',
    book: 'the one about the lighthouse keeper|the letters from the desert|the second volume|the short stories',
    song: 'the slow waltz|the second hymn|the one in seven-eight|the lullaby',
    minutes: '5|10|15|20|25|40',
  },
  `
a Is anybody free {when}?|Who has time {when}?
b I am.|Me! What is the plan?|Depends. What for?
a> Let us meet {where}. I will bring {food}.|I thought we could sit {where} and do nothing at all.
c? Count me in.|I will be {minutes} minutes late, as ever.
b Perfect. See you {where} then.|Good. I have missed your {food}.
a 👍|See you all 👋

a {service} is slow again. Is it only here?|Does anyone else see errors from {service}?
b Not only you. I am looking.|Same here, it started {minutes} minutes ago.
c? The graphs went up right after the last release.|I can roll it back if that helps.
b Found it: {cause}.|It was {cause}. Fixed, please try again.
a> Works now, thank you!|Back to normal here. Well found.
c? We should write that down somewhere.|Let me add a check so that it tells us next time.

a I made far too much {food}. Does anyone want some?
b Always.|Is that even a question?
a> Then come by {when}, and bring a box.
b? Can I bring my sister?
a Of course, there is enough for six.|The more the merrier.

a Where did we leave {thing}?|Has anybody seen {thing}?
b I think it is still {where}.|Not since last week.
c It is with me, sorry! I will bring it back {when}.|Look behind the door.
a> Thanks, no hurry.|Found! It was exactly there. Thank you 🙏

a I am in {town} next month. What should I not miss?|Has anyone of you been to {town}?
b The market, early in the morning, before it gets hot.|Twice! Walk up the hill at sunset.
c? And eat wherever the menu is on a chalkboard.|Take the slow train, the view is worth it.
a> Writing it all down ✍️|You make me want to leave today.
b Send pictures!|Bring back something sweet.

a How far are you with {book}?
b Page {minutes}. It is slow, but I like how it sounds.|Finished it last night. No spoilers!
c? I gave up in the middle, please convince me.|I still have to begin 😅
a> The ending is worth it, I promise.|Wait for the chapter with the storm.
b Let us talk about it {when}.|We have so much to discuss {when}.

a Rehearsal is {when}, and we begin with {song}.
b Could we take it a little slower?|I will practise, I promise.
c? The tenors were flat last time. I may say so, I am one of them.
a> We take it slower, and we take it twice.|Yes. And please bring pencils.
b 🎶🎶🎶|Looking forward to it!

a The train stands still, somewhere in a field. I will be {minutes} minutes late.|Missed the bus. {minutes} minutes, sorry!
b No problem, we have not started.|Take your time, the kettle is on.
a? It moves! 🚂
b> Shall I pick you up {where}?
a Yes please, you are an angel.|No need, I would like to walk.

a Happy birthday, {b}! 🎂🎉|All the best to you today, {b}! 🥳
b Thank you! You remembered!|Oh, thank you so much ❤️
c Happy birthday from all of us 🎈|And many more, {b}!
a> When is there {food}?|What are you doing with your day?
b {when}, {where}, and you are all invited.

a Can somebody look over my draft? It is two pages.|Who has {minutes} minutes to read something?
b Send it, I will do it over lunch.
a You are kind. Be strict, please.
b> Read it. The second page is the better beginning.|I like it. I would cut the first paragraph, though.
a You are right, and now I cannot unsee it.|Done, it is shorter and better. Thank you!

a It is snowing here ❄️|What a storm last night. Are you all well?
b All well. The cat is offended.|Here the sun is out, strangely.
c? The power was gone for {minutes} minutes, we found the candles.
a> Then let us stay in {when} and make {food}.|I am glad. Keep warm!

a Reminder: the form has to be in {when}.|Please do not forget the form, it is due {when}.
b Which form? 😳|Mine is in.
a> The yellow one. You signed it in front of me.|The one on the table {where}.
b Then somebody has signed well for me.|Found it under {thing}. Sending it now.

a Two tickets left for the concert {when}. Who wants them?
b Me, if it is not sold out by now!|What do they play?
a> Strings, mostly. And {song} at the end.
b I take one.|Then I want both.
c? Too late again. Next time write it in capital letters.

a I went running before work. {minutes} minutes without stopping!
b Respect.|My record is the way to the fridge.
c? We could go together {when}.
a> Yes! Slowly, though. I meet you {where}.

a Which of these names is better: "Tandem" or "Lantern"?|Which title do we take: "Two Rivers" or "The Long Way Home"?
b The first.|The first, it is easier to say.
c The second, and it is not close.|Ask me again after coffee ☕ No: the second.
a> That is one each. Very helpful, all of you 😂

a The neighbours have a puppy now 🐶
b Pictures, or it did not happen.
a> It does not stand still for pictures.
b? Then a film!
a It is called {food}. I am not joking.

a Who opens the hall {when}?
b I have the key.|Not me, I am in {town}.
c? I can, if someone brings {thing}.
a> Done: {c} opens, {b} closes.|Settled then. Thank you both.
`,
);
