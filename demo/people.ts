import type { TongueName } from './tongues/tongues.ts';

export interface Persona {
  readonly username: string;
  readonly displayName: string;
  /** What friends call this person. */
  readonly given: string;
  /** Everybody speaks English too. */
  readonly tongue: TongueName;
  readonly bio: string | null;
  readonly location: string | null;
}

/** Somebody by his place in the cast. */
export type PersonNumber = number;
/** Whom one signs in as. */
export const HERO: PersonNumber = 0;

/** Speaks everything, and so is in chats of every script. */
const MIRA: Persona = {
  ...{ username: 'mira', displayName: 'Mira Lindqvist', given: 'Mira', tongue: 'english' },
  ...{ bio: 'Interpreter. Says good morning in thirteen languages, and means it.', location: 'Gothenburg' },
};

type Row = readonly [username: string, displayName: string, given: string, TongueName, bio?: string, location?: string];

const OTHERS: readonly Row[] = [
  ['oliver', 'Oliver Marsh', 'Oliver', 'english', 'Keeps the servers warm and the tea hot.', 'Bristol'],
  ['camille', 'Camille Fournier', 'Camille', 'french', 'Dessine des ponts. Les traverse aussi.', 'Nantes'],
  ['dmitri', 'Дмитрий Соколов', 'Дима', 'russian', 'Шахматы, лыжи, чай.', 'Алматы'],
  ['layla', 'ليلى حدّاد', 'ليلى', 'arabic', 'أكتب عن المدن وعن ناسها.', 'عمّان'],
  ['yuki', '中村 由紀', '由紀', 'japanese', '本と猫と散歩。', '京都'],
  ['noa', 'נועה ברק', 'נועה', 'hebrew', 'ים, ספרים וקפה שחור.', 'חיפה'],
  ['wei', '陈伟', '陈伟', 'chinese', '爬山，做饭，修自行车。', '成都'],
  ['priya', 'प्रिया नायर', 'प्रिया', 'hindi', 'संगीत और गणित।', 'पुणे'],
  ['somchai', 'สมชาย วงศ์ดี', 'สมชาย', 'thai', 'ทำอาหารทุกวัน', 'เชียงใหม่'],
  ['eleni', 'Ελένη Παππά', 'Ελένη', 'greek', 'Θάλασσα πρώτα.', 'Βόλος'],
  ['minjun', '김민준', '민준', 'korean', '등산과 사진', '부산'],
  ['lucia', 'Lucía Herrero', 'Lucía', 'spanish', 'Profe de música, portera suplente.', 'Gijón'],
  ['jonas', 'Jonas Brückner', 'Jonas', 'german', 'Tischler. Misst zweimal.', 'Freiburg'],
  ['amara', 'Amara Okafor', 'Amara', 'english', 'Night nurse, day sleeper.', 'Leeds'],
  ['karim', 'كريم منصور', 'كريم', 'arabic', 'مهندس صوت.', 'تونس'],
  ['olga', 'Ольга Лебедева', 'Оля', 'russian', 'Перевожу сказки.', 'Тбилиси'],
  ['haruto', '高橋 陽翔', '陽翔', 'japanese', '鉄道が好きです。', '札幌'],
  ['mei', '林美', '小美', 'chinese', '画画的。', '厦门'],
  ['avi', 'אבי שלום', 'אבי', 'hebrew', 'מתקן אופניים.', 'יפו'],
  ['arjun', 'अर्जुन मेहता', 'अर्जुन', 'hindi', 'क्रिकेट, चाय, कविता।', 'जयपुर'],
  ['antoine', 'Antoine Leroy', 'Antoine', 'french', 'Boulanger. Debout avant vous.', 'Lille'],
  ['nina', 'Nina Vogt', 'Nina', 'german', 'Dreht Filme über Seen.', 'Graz'],
  ['mateo', 'Mateo Quispe', 'Mateo', 'spanish', 'Cartógrafo.', 'Arequipa'],
  ['seoyeon', '박서연', '서연', 'korean', '고양이 두 마리와 삽니다.', '서울'],
  ['nikos', 'Νίκος Αλεξίου', 'Νίκος', 'greek', 'Ψωμί και μηχανές.', 'Χανιά'],
  ['malee', 'มาลี ใจงาม', 'มาลี', 'thai', 'ครูและนักวิ่ง', 'ขอนแก่น'],
  ['hannah', 'Hannah O’Rourke', 'Hannah', 'english', 'Choir, crosswords, cold water.', 'Galway'],
  ['ravi', 'रवि देसाई', 'रवि', 'hindi'],
  ['tobias', 'Tobias 🎻 Kern', 'Tobias', 'german', 'Zweite Geige.', 'Leipzig'],
];

const CAST: readonly Persona[] = [
  MIRA,
  ...OTHERS.map(([username, displayName, given, tongue, bio = null, location = null]) => ({
    ...{ username, displayName, given, tongue, bio, location },
  })),
];

/** So many people, Mira first; where that is more than there are, namesakes come after them. */
export function cast(count: number): Persona[] {
  return Array.from({ length: count }, (_, i) => {
    const persona = CAST[i % CAST.length] ?? MIRA;
    const turn = Math.floor(i / CAST.length) + 1;
    if (turn === 1) return persona;
    return {
      ...persona,
      username: `${persona.username}-${turn}`,
      displayName: `${persona.displayName} ${turn}`,
    };
  });
}
