import { tongue } from '../tongue.ts';

export const german = tongue(
  'Stammtisch|Wandergruppe|Hausflur|Schrebergarten|Chorprobe|Spieleabend',
  {
    when: 'heute Abend|morgen Mittag|am Samstag|nach der Arbeit|am Freitag um sieben|Sonntag früh',
    where: 'am Bahnhof|bei mir|am See|vor der Bücherei|am alten Brunnen',
    food: 'Apfelkuchen|Kartoffelsuppe|Maultaschen|Linseneintopf|Pflaumenmus',
    thing: 'die Leiter|den Schlüssel|meinen Schirm|das Zelt|die Bohrmaschine',
    minutes: '5|10|15|20|30',
  },
  `
a Hat {when} jemand Zeit?|Wer kommt {when} mit?
b Ich!|Kommt darauf an, wohin.
a> Wir treffen uns {where}. Ich bringe {food} mit.
c? Bei mir wird es {minutes} Minuten später.
b Abgemacht.|Wunderbar, bis dann!

a Hat jemand {thing} gesehen?
b Schau mal {where} nach.|Zuletzt bei {c}.
c Liegt bei mir. Bringe ich {when} vorbei.
a> Danke, eilt nicht.|Du bist ein Schatz 🙏

a Der Zug steht. Mindestens {minutes} Minuten.
b Immerhin: Er ist gekommen.
a? Jetzt fährt er wieder. Rückwärts.
b> Wir warten {where} auf dich.

a Alles Gute zum Geburtstag, {b}! 🎉
b Danke schön, das freut mich sehr!
c Auch von uns das Allerbeste 🎂
a> Und wann gibt es {food}?
b Natürlich {when}. Ihr seid alle eingeladen.

a Die Wanderung {when}: zwölf oder zwanzig Kilometer?
b Zwölf. Mit Pause.|Zwanzig, aber langsam.
c? Hauptsache, am Ende gibt es {food}.
a> Also zwölf mit Umweg. Treffpunkt {where}.
b 🥾👍

a Könnte jemand über meinen Text schauen?
b Schick her, ich lese ihn nachher.
b> Gelesen. Der zweite Absatz ist der bessere Anfang.
a Stimmt. Schon geändert, danke!
`,
);
