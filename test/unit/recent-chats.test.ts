import { describe, expect, test } from '@jest/globals';
import { RecentChats } from '../../src/application/recent-chats.ts';
import { type ChatState, emptyState, record } from '../../src/domain/changes.ts';
import { decide } from '../../src/domain/decide.ts';
import { NOON } from '../support/builders.ts';
import { creation, sending } from '../support/chat-actions.ts';

/** A group of Ann and these, as it is after its first commit. */
function aGroup(chatId: string, members: readonly string[] = []): ChatState {
  const state = emptyState();
  for (const fact of decide(state, 'ann', creation(members))) record(state, chatId, 'ann', NOON, fact);
  return state;
}

/** The same chat after one more commit of Ann's, decided with only these of its members loaded. */
function next(state: ChatState, loaded: readonly string[], command = sending('hello')): ChatState {
  const part = { ...state, members: new Map([...state.members].filter(([userId]) => loaded.includes(userId))) };
  for (const fact of decide(part, 'ann', command)) record(part, 'chat', 'ann', NOON, fact);
  return part;
}

const membersOf = (recent: RecentChats) => [...(recent.get('chat')?.members.keys() ?? [])];

describe('RecentChats', () => {
  test('knows nothing of what it was not told', () => {
    const recent = new RecentChats();
    recent.keep(emptyState(), 1);
    expect(recent.get('chat')).toBeNull();
  });

  test('gathers the members of commits that follow each other', () => {
    const recent = new RecentChats();
    const first = aGroup('chat', ['bob', 'dan']);
    recent.keep({ ...first, members: new Map([...first.members].slice(0, 2)) }, 1);
    const second = next(first, ['ann', 'dan']);
    recent.keep(second, 2);
    expect(recent.get('chat')?.chat).toEqual(second.chat);
    expect(membersOf(recent)).toEqual(['ann', 'bob', 'dan']);
  });

  test('drops the members that it had when a commit of somebody else lies between', () => {
    const recent = new RecentChats();
    const first = aGroup('chat', ['bob']);
    recent.keep(first, 1);
    recent.keep(next(next(first, ['ann']), ['ann']), 3);
    expect(membersOf(recent)).toEqual(['ann']);
  });

  test('forgets when it is told to', () => {
    const recent = new RecentChats();
    recent.keep(aGroup('chat'), 1);
    recent.forget('chat');
    expect(recent.get('chat')).toBeNull();
  });

  test('keeps at most about a thousand members of a chat', () => {
    const recent = new RecentChats();
    const first = aGroup(
      'chat',
      Array.from({ length: 998 }, (_, i) => `m${i}`),
    );
    recent.keep(first, 1);
    const second = next(first, ['ann']);
    recent.keep(second, 2);
    expect(membersOf(recent)).toHaveLength(999);
    const third = next(second, ['ann'], { type: 'member.add', userIds: ['bob', 'dan'], lineId: 'l' });
    recent.keep(third, 3);
    expect(membersOf(recent)).toEqual(['ann', 'bob', 'dan']);
  });

  test('keeps 5,000 chats, and forgets the one that was least recently written to', () => {
    const recent = new RecentChats();
    const first = aGroup('chat');
    recent.keep(first, 1);
    for (let i = 1; i < 5000; i += 1) recent.keep(aGroup(`chat ${i}`), 1);
    recent.keep(next(first, ['ann']), 2);
    recent.keep(aGroup('one more'), 1);
    expect(recent.get('chat')).not.toBeNull();
    expect(recent.get('chat 1')).toBeNull();
    expect(recent.get('chat 2')).not.toBeNull();
  });
});
