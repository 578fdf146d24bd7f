interface Emoji {
  readonly emoji: string;
  /** What it shows and what it is used for, in words to be found by. */
  readonly english: string;
  readonly french: string;
}

/** One in a line: itself, English, French. The most used of each kind; a system's own keyboard has the rest. */
const TABLE = `
😀|grinning happy|sourire content
😄|laughing eyes happy|rire yeux content
😁|beaming grin|large sourire
😂|tears of joy laugh|mort de rire larmes
🤣|rolling laugh|rire aux éclats
😊|smiling blush|sourire rougir
🙂|slight smile|léger sourire
🙃|upside down|à l'envers
😉|wink|clin d'œil
😍|heart eyes love|yeux cœur amour
🥰|in love hearts|amoureux cœurs
😘|kiss|bisou
😋|yummy tasty|miam délicieux
😜|crazy tongue|langue fou
🤪|zany silly|dingue
🤗|hug|câlin
🤔|thinking hmm|réfléchir
🤨|raised eyebrow doubt|sourcil doute
😐|neutral|neutre
😑|expressionless|sans expression
🙄|rolling eyes|yeux au ciel
😏|smirk|sourire en coin
😬|grimace awkward|grimace gêne
😌|relieved calm|soulagé calme
😴|sleeping|dormir
😷|mask ill|masque malade
🤒|fever ill|fièvre malade
🤧|sneeze cold|éternuer rhume
🥵|hot|chaud
🥶|cold freezing|froid gelé
🤯|mind blown|tête explose
🥳|party celebrate|fête
😎|cool sunglasses|cool lunettes
🤓|nerd|intello
😕|confused|confus
😟|worried|inquiet
😢|crying sad|pleurer triste
😭|sobbing cry|sangloter pleurer
😤|huffing|souffler agacé
😠|angry|fâché
😡|furious|furieux
🤬|swearing|jurer
😱|screaming fear|cri peur
😨|fearful|effrayé
😰|anxious sweat|anxieux sueur
😳|flushed|rougir gêné
🥺|pleading|suppliant
😞|disappointed|déçu
😩|weary|épuisé
🥱|yawn tired|bâiller fatigué
😇|angel halo|ange
🤠|cowboy|cow-boy
🤡|clown|clown
👻|ghost|fantôme
💀|skull dead|crâne mort
🤖|robot|robot
👽|alien|extraterrestre
💩|poo|crotte
👍|thumbs up yes|pouce oui
👎|thumbs down no|pouce bas non
👌|ok perfect|ok parfait
✌️|victory peace|victoire paix
🤞|fingers crossed luck|doigts croisés chance
🤝|handshake deal|poignée de main accord
👏|clapping bravo|applaudir bravo
🙌|hands up hooray|mains hourra
🙏|please thank you pray|merci s'il te plaît prier
👋|waving hello bye|salut coucou au revoir
🤚|raised hand|main levée
✋|stop hand|stop main
💪|strong muscle|fort muscle
👉|pointing right|doigt droite
👈|pointing left|doigt gauche
👆|pointing up|doigt haut
👇|pointing down|doigt bas
☝️|index up|index haut
✍️|writing|écrire
🤷|shrug|hausser épaules
🤦|facepalm|main sur visage
🙋|raising hand|lever la main
🙇|bow sorry|s'incliner pardon
👀|eyes look|yeux regarder
🧠|brain|cerveau
❤️|red heart love|cœur rouge amour
🧡|orange heart|cœur orange
💛|yellow heart|cœur jaune
💚|green heart|cœur vert
💙|blue heart|cœur bleu
💜|purple heart|cœur violet
🖤|black heart|cœur noir
🤍|white heart|cœur blanc
💔|broken heart|cœur brisé
💕|two hearts|deux cœurs
💯|hundred perfect|cent parfait
💥|boom collision|boum collision
🔥|fire hot|feu
✨|sparkles|étincelles
⭐|star|étoile
🌟|glowing star|étoile brillante
⚡|lightning fast|éclair rapide
☀️|sun|soleil
🌤️|sun cloud|soleil nuage
☁️|cloud|nuage
🌧️|rain|pluie
❄️|snow cold|neige froid
🌈|rainbow|arc-en-ciel
🌙|moon night|lune nuit
🌍|world earth|monde terre
🌱|seedling plant|pousse plante
🌳|tree|arbre
🌸|blossom flower|fleur
🌹|rose|rose
🌻|sunflower|tournesol
🍀|clover luck|trèfle chance
🐶|dog|chien
🐱|cat|chat
🐭|mouse|souris
🐰|rabbit|lapin
🦊|fox|renard
🐻|bear|ours
🐼|panda|panda
🦁|lion|lion
🐮|cow|vache
🐷|pig|cochon
🐸|frog|grenouille
🐵|monkey|singe
🐔|chicken|poule
🐧|penguin|manchot
🦉|owl|hibou
🦄|unicorn|licorne
🐝|bee|abeille
🦋|butterfly|papillon
🐢|turtle slow|tortue lent
🐙|octopus|pieuvre
🐳|whale|baleine
🍎|apple|pomme
🍌|banana|banane
🍓|strawberry|fraise
🍉|watermelon|pastèque
🥑|avocado|avocat
🥕|carrot|carotte
🍞|bread|pain
🥐|croissant|croissant
🧀|cheese|fromage
🍳|egg breakfast|œuf petit-déjeuner
🍕|pizza|pizza
🍔|burger|hamburger
🍟|fries|frites
🌮|taco|taco
🍜|noodles soup|nouilles soupe
🍣|sushi|sushi
🥗|salad|salade
🍰|cake|gâteau
🎂|birthday cake|gâteau anniversaire
🍪|cookie|biscuit
🍫|chocolate|chocolat
🍦|ice cream|glace
☕|coffee|café
🍵|tea|thé
🍺|beer|bière
🍷|wine|vin
🥂|cheers glasses|santé verres
🎉|party popper congratulations|fête félicitations
🎊|confetti|confettis
🎁|gift present|cadeau
🎈|balloon|ballon
🏆|trophy win|trophée gagner
🥇|gold medal first|médaille or premier
⚽|football soccer|football
🏀|basketball|basket
🎾|tennis|tennis
🚴|cycling bike|vélo
🏃|running|courir
🏊|swimming|nager
🎮|video game|jeu vidéo
🎲|dice game|dé jeu
🎵|music note|musique note
🎧|headphones|casque
🎸|guitar|guitare
🎬|film clapper|film clap
🎨|art palette|art palette
📷|camera photo|appareil photo
🚗|car|voiture
🚌|bus|bus
🚲|bicycle|vélo
🚆|train|train
✈️|plane travel|avion voyage
🚀|rocket launch|fusée lancement
⛵|sailing boat|voilier bateau
🏠|house home|maison
🏢|office building|bureau immeuble
🏖️|beach holiday|plage vacances
⛰️|mountain|montagne
⛺|tent camping|tente camping
📱|phone|téléphone
💻|laptop computer|ordinateur
⌨️|keyboard|clavier
🖨️|printer|imprimante
💡|idea light bulb|idée ampoule
🔋|battery|batterie
🔧|wrench fix|clé réparer
🔨|hammer build|marteau construire
🐛|bug|bogue insecte
🧪|test tube experiment|test expérience
📦|package box|colis boîte
📎|paperclip|trombone
📌|pin|épingle
📅|calendar date|calendrier date
📈|chart up|graphique hausse
📉|chart down|graphique baisse
📝|memo note|note mémo
📚|books|livres
✉️|letter mail|lettre courrier
🔗|link|lien
🔒|lock secure|cadenas sécurisé
🔑|key|clé
🔍|search|chercher loupe
🔔|bell notification|cloche notification
⏰|alarm clock|réveil
⏳|hourglass wait|sablier attendre
💰|money|argent
💸|money spent|argent dépensé
✅|check done yes|fait oui coche
❌|cross no wrong|croix non faux
❓|question|question
❗|exclamation important|exclamation important
⚠️|warning|attention
🚧|construction work|travaux
🛑|stop|stop
♻️|recycle|recycler
➕|plus|plus
➖|minus|moins
🆗|ok button|ok bouton
🆕|new|nouveau
🔴|red circle|cercle rouge
🟠|orange circle|cercle orange
🟡|yellow circle|cercle jaune
🟢|green circle|cercle vert
🔵|blue circle|cercle bleu
⚫|black circle|cercle noir
⚪|white circle|cercle blanc
🏁|finish flag|drapeau arrivée
🏳️‍🌈|rainbow flag pride|drapeau arc-en-ciel fierté
`;

export const EMOJI: readonly Emoji[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [emoji = '', english = '', french = ''] = line.split('|');
    return { emoji, english, french };
  });
