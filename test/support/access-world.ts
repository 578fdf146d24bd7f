import { answered, type Person, type TestApp } from './app.ts';

const INSIDE = ['member', 'admin', 'owner'] as const;
const OUTSIDE = ['stranger', 'formerMember'] as const;
const SIGNED_OUT = ['anonymous', 'endedSession'] as const;
/** Everybody whom a chat can know. */
const ROLES = [...SIGNED_OUT, ...OUTSIDE, ...INSIDE];
type Role = (typeof ROLES)[number];

/** Whose the thing is that somebody asks for. */
const TARGETS = ['own', "another's", 'missing'] as const;
type Target = (typeof TARGETS)[number];
const NO_OBJECT = 'no object';

/** How a request went: a status or `ack`, or the code of a refusal. */
export type Outcome = number | string;
type Insiders = Record<(typeof INSIDE)[number], Outcome>;
/** What is answered: to everybody, or to each. */
type Answers = Outcome | (Insiders & Record<(typeof OUTSIDE)[number], Outcome> & Partial<Record<Role, Outcome>>);

/** What a request is about. The thing of this kind is own, another's or missing; what else the request names is there. */
export type Access =
  | { readonly about: typeof NO_OBJECT; readonly answers: Record<typeof NO_OBJECT, Answers> }
  | { readonly about: Kind; readonly answers: Record<Target, Answers> };
type Kind = 'chat' | 'message' | 'person' | 'session' | 'attachment';

export const outside = (answer: Outcome) => ({ stranger: answer, formerMember: answer });
export const inside = (answer: Outcome) => ({ member: answer, admin: answer, owner: answer });
export const OUTSIDE_NOT_FOUND = outside('CHAT_NOT_FOUND');

export const aboutNothing = (answer: Answers): Access => ({
  about: NO_OBJECT,
  answers: { [NO_OBJECT]: answer },
});

/** A person, answered alike whoever asks. */
export const aboutPerson = (another: Answers, own = another, missing = another): Access => ({
  about: 'person',
  answers: { own, "another's": another, missing },
});

/** A chat: his own is one that he made, another's is the group. */
export const aboutChat = (own: Outcome, members: Insiders = inside(own)): Access => ({
  about: 'chat',
  answers: { own, "another's": { ...OUTSIDE_NOT_FOUND, ...members }, missing: 'CHAT_NOT_FOUND' },
});

/** A message: that of the stranger is in a chat that he made, those of the others are in the group. */
export const aboutMessage = (own: Outcome, members: Insiders): Access => ({
  about: 'message',
  answers: {
    own: { stranger: own, formerMember: 'CHAT_NOT_FOUND', ...inside(own) },
    "another's": { ...OUTSIDE_NOT_FOUND, ...members },
    missing: { ...OUTSIDE_NOT_FOUND, ...inside('MESSAGE_NOT_FOUND') },
  },
});

export interface Cell<Row> {
  readonly row: Row;
  readonly target: Target | typeof NO_OBJECT;
  readonly role: Role;
  /** Undefined where the row says nothing of somebody who is not signed in. */
  readonly expected: Outcome | undefined;
}

/** Every row for every role and target. */
export function cellsOf<Row extends { readonly access: Access }>(rows: readonly Row[]): Cell<Row>[] {
  return rows.flatMap((row) =>
    (Object.entries(row.access.answers) as [Target, Answers][]).flatMap(([target, answers]) =>
      ROLES.map((role) => ({ row, target, role, expected: typeof answers === 'object' ? answers[role] : answers })),
    ),
  );
}

/** What requests name. */
export interface Subject {
  readonly chatId: string;
  readonly messageId: string;
  readonly sessionId: string;
  readonly attachmentId: string;
  readonly person: Person;
}

/** A group of an owner, an admin and a member, with a message of another member, and somebody who was removed. */
export interface World extends Omit<Subject, 'person'> {
  /** By the former member, from when he was one. */
  readonly formerMessageId: string;
  /** A member who does nothing but write the message, with the attachment. */
  readonly writer: Person;
  readonly newcomer: Person;
  readonly people: Record<Role, Person | undefined>;
}

export async function makeWorld(app: TestApp): Promise<World> {
  const register = () => app.register();
  const [owner, admin, member, writer] = await Promise.all([register(), register(), register(), register()]);
  const [formerMember, stranger, newcomer, endedSession] = await Promise.all([
    register(),
    register(),
    register(),
    register(),
  ]);
  const chatId = await app.group(owner, admin, member, writer, formerMember, endedSession);
  answered(await app.patch(`chats/${chatId}/members/${admin.id}`, { role: 'admin' }, owner), 200);
  const { id: formerMessageId } = await app.say(chatId, formerMember);
  answered(await app.delete(`chats/${chatId}/members/${formerMember.id}`, owner), 204);
  answered(await app.post('auth/logout', undefined, endedSession), 204);
  const attachmentId = await upload(app, writer);
  const message = { content: 'hello', attachmentIds: [attachmentId] };
  const { id: messageId } = answered(await app.post(`chats/${chatId}/messages`, message, writer), 201);
  const sessionId = await sessionOf(app, writer);
  const people = { owner, admin, member, formerMember, stranger, endedSession, anonymous: undefined };
  return { chatId, messageId, formerMessageId, attachmentId, sessionId, writer, newcomer, people };
}

/** What a request in this cell names. Who is not signed in has nothing of his own but his account, and asks for what there is. */
export async function subjectOf(
  app: TestApp,
  world: World,
  { role, target, row }: Cell<{ readonly access: { readonly about: string } }>,
): Promise<Subject> {
  const { writer, people, chatId } = world;
  const { about } = row.access;
  if (target === 'missing') return { ...MISSING, chatId: about === 'chat' ? 'nowhere' : chatId };
  const others = { ...world, person: writer };
  const me = people[role];
  if (target !== 'own' || !me) return others;
  const own = { ...others, person: me };
  if (role === 'endedSession' || about === 'person') return own;
  if (about === 'session') return { ...own, sessionId: await sessionOf(app, me) };
  if (about === 'attachment') return { ...own, attachmentId: await upload(app, me) };
  if (about === 'message' && role === 'formerMember') return { ...own, messageId: world.formerMessageId };
  const place = about === 'message' && role !== 'stranger' ? chatId : await app.group(me, writer);
  return { ...own, chatId: place, messageId: (await app.say(place, me)).id };
}

const MISSING: Subject = {
  chatId: 'nowhere',
  messageId: 'nothing',
  sessionId: 'nothing',
  attachmentId: 'nothing',
  person: {
    id: 'nobody',
    username: 'nobody',
    email: 'nobody@example.org',
    accessToken: 'nonsense',
    refreshToken: 'nonsense',
  },
};

/** A file, as a request sends it. */
export const UPLOAD = {
  payload: '--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n',
  headers: { 'content-type': 'multipart/form-data; boundary=x' },
};

async function upload(app: TestApp, as: Person): Promise<string> {
  return answered(await app.call('POST', 'attachments', { as, ...UPLOAD }), 201).id;
}

async function sessionOf(app: TestApp, person: Person): Promise<string> {
  return answered(await app.get('auth/sessions', person), 200).items[0].id;
}
