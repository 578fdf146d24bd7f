import { tongue } from '../tongue.ts';

export const french = tongue(
  'Ciné du mardi|La cuisine|Vacances d’été|Les voisins|Atelier vélo|Répétition',
  {
    when: 'ce soir|demain à midi|samedi|vendredi soir|après le travail|dimanche matin',
    where: 'devant la gare|au café du coin|chez moi|au bord du canal|sous les arcades',
    food: 'une tarte aux pommes|une quiche|des crêpes|une soupe|un gâteau au chocolat',
    thing: 'l’échelle|la clé|mon parapluie|la grande casserole|la tente',
    minutes: '5|10|15|20|30',
  },
  `
a Qui est libre {when} ?|On se voit {when} ?
b Moi !|Volontiers, où ça ?
a> On se retrouve {where}. J’apporte {food}.
c? J’arrive avec {minutes} minutes de retard, comme d’habitude.
b Parfait, à {when} alors !|Super, j’ai déjà faim 😋

a Quelqu’un a vu {thing} ?|Où est passée la liste des courses ?
b Regarde {where}.|Pas chez moi, en tout cas.
a> Trouvé, merci !|Évidemment, c’était sous mon nez.

a Le train est encore arrêté. {minutes} minutes de retard, désolé pour l’attente.
b Pas grave, on t’attend {where}.
a? Il repart !
b> Dépêche-toi, il reste {food}.

a Joyeux anniversaire, {b} ! 🎂
b Merci, ça me touche beaucoup ❤️
c Bon anniversaire de nous tous 🎉
a> Alors, {food} {when} ?
b Bien sûr, tout le monde est invité.

a Vous avez aimé le film d’hier ?
b La première heure, oui. Après, j’ai regardé ma montre.
c? Moi, j’ai pleuré à la fin, et je l’assume.
a> La musique, au moins, était magnifique.
b Là, je suis d’accord.

a Il neige ici ❄️|Quel orage cette nuit !
b Ici, grand soleil. Je n’ose pas le dire trop fort.
a> Profite ! Moi, je fais {food} et je ne bouge plus.
`,
);
