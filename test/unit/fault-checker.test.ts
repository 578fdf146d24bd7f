import { describe, expect, test } from '@jest/globals';
import { check, type Heard, type Line, type Run, type Sending, type Witness } from '../faults/checker.ts';

const lines: Line[] = [
  { seq: 1, senderId: 'ann', clientId: null, content: null, at: 1 },
  { seq: 2, senderId: 'ann', clientId: '0', content: 'one', at: 2 },
  { seq: 3, senderId: 'bob', clientId: '0', content: 'two', at: 2 },
];
const sending = (senderId: string, content: string, seq: number, with_: Partial<Sending> = {}): Sending => ({
  ...{ chatId: 'c', senderId, clientId: '0', content, outcome: 'ok', seq, errors: [] },
  ...with_,
});
const heard = (rev: number, with_: Partial<Heard> = {}): Heard => ({
  ...{ connection: 1, at: 1_000 + rev, chatId: 'c', type: 'message.created', rev, what: `message ${rev}` },
  ...with_,
});
const witness = (userId: string, with_: Partial<Witness> = {}): Witness => ({
  ...{ userId, chatIds: ['c'], everIn: ['c'], heard: [heard(2), heard(3)] },
  ...{ copies: new Map([['c', lines]]), histories: new Map([['c', lines]]) },
  unread: new Map([['c', { head: 3, readSeq: 1, unreadCount: 1 }]]),
  ...with_,
});
/** Two people who have said a line each, with something amiss. */
const run = (ann: Partial<Witness> = {}, with_: Partial<Run> = {}): Run => ({
  sendings: [sending('ann', 'one', 2), sending('bob', 'two', 3)],
  witnesses: [witness('ann', ann), witness('bob')],
  measures: [{ name: 'memory', highest: 100, ceiling: 100 }],
  ...with_,
});
const bothFind = (own: readonly Line[]): Run => {
  const all = { copies: new Map([['c', own]]), histories: new Map([['c', own]]), unread: new Map() };
  return run({}, { witnesses: [witness('ann', all), witness('bob', all)] });
};

test('a run in which all is well has no violations', () => {
  expect(check(run())).toEqual([]);
});

test('what is allowed is none: a new connection begins anew, and of an unknown outcome either may be', () => {
  const again = [heard(2), heard(3), heard(2, { connection: 2 }), heard(3, { connection: 2 })];
  const unknown = [sending('eve', 'never', 0, { outcome: 'unknown' })];
  expect(check(run({ heard: again }, { sendings: [...run().sendings, ...unknown] }))).toEqual([]);
});

describe('a planted fault is found:', () => {
  const renumbered = (own: readonly Line[]): Line[] => own.map((line, i) => ({ ...line, seq: i + 1 }));
  test.each<[string, string, string, Run]>([
    ['I1', 'lost', 'an acknowledged line is nowhere', bothFind(lines.slice(0, 2))],
    [
      'I1',
      'lost',
      'it has another text',
      bothFind(lines.map((l) => ({ ...l, content: l.seq === 2 ? 'uno' : l.content }))),
    ],
    ['I1', 'lost', 'it has another place', run({}, { sendings: [sending('ann', 'one', 3)] })],
    ['I2', 'doubled', 'a line is there twice', bothFind(renumbered([...lines, ...lines.slice(1, 2)]))],
    [
      'I3',
      'disordered',
      'a number is missing',
      bothFind([...lines, { seq: 5, senderId: 'ann', clientId: '9', content: 'x', at: 2 }]),
    ],
    [
      'I3',
      'disordered',
      'two readers see another order',
      run({ histories: new Map([['c', renumbered([1, 3, 2].map((i) => lines[i - 1] as Line))]]) }),
    ],
    ['I3', 'disordered', 'time goes back', bothFind(lines.map((line) => ({ ...line, at: -line.seq })))],
    ['I3', 'disordered', 'a change is skipped', run({ heard: [heard(2), heard(4)] })],
    ['I3', 'doubled', 'a change comes twice', run({ heard: [heard(2), heard(3), heard(3)] })],
    ['I3', 'doubled', 'two changes are swapped', run({ heard: [heard(2), heard(4), heard(3)] })],
    ['I3', 'disordered', 'two readers are told different changes', run({ heard: [heard(2, { what: 'another' })] })],
    ['I4', 'lost', 'somebody was not told of the last line', run({ copies: new Map([['c', lines.slice(0, 2)]]) })],
    [
      'I4',
      'lost',
      'somebody was told of more than there is',
      run({ copies: new Map([['c', [...lines, { ...(lines[2] as Line), seq: 4 }]]]) }),
    ],
    ['I5', 'other', 'a stranger hears', run({ heard: [heard(1, { chatId: 'secret' })] })],
    ['I5', 'other', 'somebody hears after he was removed', run({ heard: [heard(2, { removed: ['ann'] }), heard(3)] })],
    [
      'I6',
      'other',
      'somebody hears after he was signed out',
      run({ signedOutAt: 0, heard: [heard(2, { at: 2_001 })] }),
    ],
    [
      'I7',
      'other',
      'a mark goes back',
      run({
        heard: [3, 2].map((seq) => ({
          connection: 1,
          at: 1,
          chatId: 'c',
          type: 'chat.read',
          read: { userId: 'bob', seq },
        })),
      }),
    ],
    [
      'I7',
      'other',
      'a mark is above the head',
      run({ unread: new Map([['c', { head: 3, readSeq: 4, unreadCount: 0 }]]) }),
    ],
    [
      'I7',
      'other',
      'an unread count is not what lies above the mark',
      run({ unread: new Map([['c', { head: 3, readSeq: 1, unreadCount: 2 }]]) }),
    ],
    [
      'I8',
      'other',
      'what was refused is stored',
      run({}, { sendings: [sending('bob', 'two', 3, { outcome: 'failed' })] }),
    ],
    [
      'I8',
      'other',
      'a failure does not say when to repeat',
      run({}, { sendings: [sending('bob', 'two', 3, { errors: [{ code: 'BUSY' }] })] }),
    ],
    [
      'I9',
      'other',
      'something grows beyond its ceiling',
      run({}, { measures: [{ name: 'memory', highest: 101, ceiling: 100 }] }),
    ],
  ])('%s, %s: %s', (invariant, kind, _what, broken) => {
    expect(check(broken)).toContainEqual({ invariant, kind, what: expect.any(String) });
  });
});
