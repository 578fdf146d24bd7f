import { tongue } from '../tongue.ts';

export const spanish = tongue(
  'La pandilla|Cena de los jueves|Fútbol sala|Vecinos del tercero|Viaje al norte|Club de cine',
  {
    when: 'esta noche|mañana a mediodía|el sábado|el viernes por la tarde|después del trabajo',
    where: 'en la estación|en mi casa|junto al río|en la plaza|en el bar de siempre',
    food: 'una tortilla|empanadas|arroz con leche|un gazpacho|churros',
    thing: 'la escalera|la llave|mi paraguas|la olla grande|la tienda de campaña',
    minutes: '5|10|15|20|30',
  },
  `
a ¿Quién puede quedar {when}?|¿Hacemos algo {when}?
b ¡Yo puedo!|Sí, ¿dónde?
a> Nos vemos {where}. Llevo {food}.
c? Llego {minutes} minutos tarde, ya me conocéis.
b Perfecto, hasta luego 👋|¡Qué ganas!

a ¿Alguien ha visto {thing}?
b Creo que está {where}.|Yo no, pregunta a {c}.
c La tengo yo, perdón. Os la llevo {when}.
a> Gracias, no hay prisa.

a ¡Feliz cumpleaños, {b}! 🎂🎈
b ¡Muchas gracias! Qué ilusión.
c ¡Felicidades de parte de toda la familia!
a> ¿Y cuándo comemos {food}?
b {when}, {where}. ¡Venid todos!

a El autobús no viene. Llevo {minutes} minutos esperando.
b Te recojo si quieres.
a> Acaba de llegar. ¡Milagro!
b Aquí te guardamos {food}.

a ¿Qué os pareció el partido?
b Mejor no hablemos de eso 😅|¡Vaya final!
c? El portero lo paró todo menos lo importante.
a> Pronto hay otro. Esta vez ganamos.

a Busco una receta fácil para hacer {food}.
b Te paso la de mi abuela, no falla nunca.
a> Ha salido riquísimo, dale las gracias de mi parte ❤️
b Dice que vengas {when} a aprender la de verdad.
`,
);
