import { type Chat, type Member, presenceOf } from 'parley-client';
import { useEffect, useState } from 'react';
import { openOverlay } from '../overlays.ts';
import { useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { nameOf, usePresenceOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Menu, type MenuItem } from '../ui/menu.tsx';
import { Problem, Skeleton } from '../ui/notice.tsx';
import { ChosenPeople, useChosenPeople } from './chosen-people.tsx';
import styles from './people.module.css';

const RANK = { member: 0, admin: 1, owner: 2 } as const;

/** Who is in a group or a room, and what I may do about it. */
export function Members({ chat }: { readonly chat: Chat }) {
  const t = useTexts();
  const members = useParley((state) => state.members[chat.id]);
  const [isAdding, setAdding] = useState(false);
  const load = useAction(() => parley.members.load(chat.id));
  const isMissing = members === undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each chat.
  useEffect(() => {
    if (isMissing) void load.run();
  }, [chat.id, isMissing]);
  usePresenceOf(members?.items.map(({ userId }) => userId) ?? []);
  const mayAdd = chat.kind === 'group' || chat.role !== 'member';
  return (
    <section className={styles.section}>
      <header>
        <h3>
          {t.members} ({chat.memberCount})
        </h3>
        {mayAdd && (
          <Button look="quiet" icon="plus" onClick={() => setAdding(true)}>
            {t.addMembers}
          </Button>
        )}
      </header>
      {load.problem && <Problem>{load.problem}</Problem>}
      {!members && !load.problem && <Skeleton label={t.loading} rows={3} />}
      <ul>
        {members?.items.map((member) => (
          <MemberRow key={member.userId} chat={chat} member={member} />
        ))}
      </ul>
      {members && members.nextCursor !== null && (
        <Button onClick={() => void parley.members.loadMore(chat.id).catch(() => undefined)}>{t.loadMore}</Button>
      )}
      {isAdding && <AddMembers chat={chat} onClose={() => setAdding(false)} />}
    </section>
  );
}

function AddMembers({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }) {
  const t = useTexts();
  const members = useParley((state) => state.members[chat.id]);
  const { chosen, toggle } = useChosenPeople();
  const { run, isBusy, problem } = useAction(async () => {
    await parley.members.add(
      chat.id,
      chosen.map(({ id }) => id),
    );
    onClose();
  });
  return (
    <Dialog
      title={t.addMembers}
      kind="sheet"
      onClose={onClose}
      footer={
        <Button look="primary" busy={isBusy} disabled={chosen.length === 0} onClick={() => void run()}>
          {t.addMembers}
        </Button>
      }
    >
      {problem && <Problem>{problem}</Problem>}
      <ChosenPeople
        chosen={chosen}
        toggle={toggle}
        without={new Set(members?.items.map(({ userId }) => userId) ?? [])}
      />
    </Dialog>
  );
}

type Question = 'remove' | 'hand over';

function MemberRow({ chat, member }: { readonly chat: Chat; readonly member: Member }) {
  const t = useTexts();
  const { userId, role } = member;
  const user = useParley((state) => state.users[userId]) ?? member.user;
  const status = useParley((state) => presenceOf(state, userId));
  const isMe = useParley((state) => state.userId === userId);
  const [asked, setAsked] = useState<Question | null>(null);
  const name = nameOf(user, t);
  const change = useAction((wanted: 'admin' | 'member') => parley.members.setRole(chat.id, userId, wanted));
  const answer = useAction(async () => {
    await (asked === 'remove'
      ? parley.members.remove(chat.id, userId)
      : parley.members.setRole(chat.id, userId, 'owner'));
    setAsked(null);
  });
  const isOwner = chat.role === 'owner';
  const items: MenuItem[] = [
    { label: t.profile, icon: 'user', onSelect: () => openOverlay({ name: 'person', userId }) },
    ...(isOwner && role === 'member'
      ? [{ label: t.makeAdmin, icon: 'check' as const, onSelect: () => void change.run('admin') }]
      : []),
    ...(isOwner && role === 'admin'
      ? [{ label: t.makeMember, icon: 'user' as const, onSelect: () => void change.run('member') }]
      : []),
    ...(isOwner ? [{ label: t.makeOwner, icon: 'group' as const, onSelect: () => setAsked('hand over') }] : []),
    ...(RANK[chat.role] > RANK[role]
      ? [{ label: t.remove, icon: 'trash' as const, isDanger: true, onSelect: () => setAsked('remove') }]
      : []),
  ];
  return (
    <li className={styles.row}>
      <Avatar id={userId} name={name} url={user.avatarUrl} size="small" status={status} />
      <span className={styles.grow}>
        <bdi>{isMe ? `${name} (${t.you})` : name}</bdi>
        {change.problem && <small role="alert">{change.problem}</small>}
      </span>
      {role !== 'member' && <span className={styles.role}>{t[role]}</span>}
      {!isMe && !user.deleted && <Menu label={t.memberMenu(name)} items={items} />}
      {asked && (
        <Confirm
          title={asked === 'remove' ? t.removeTitle(name) : t.makeOwnerTitle(name)}
          answer={asked === 'remove' ? t.remove : t.makeOwner}
          action={answer}
          onClose={() => setAsked(null)}
        >
          <p>{asked === 'remove' ? t.removeWhy : t.makeOwnerWhy}</p>
        </Confirm>
      )}
    </li>
  );
}
