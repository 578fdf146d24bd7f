import type { Me } from 'parley-client';
import { useState } from 'react';
import { PictureButtons } from '../people/picture-buttons.tsx';
import { useAction } from '../session/action.ts';
import { parley, useParley } from '../session/parley.ts';
import { nameOf } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Field, Switch, TextField } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import { toast } from '../ui/toasts.tsx';
import styles from './settings.module.css';

/** Who I am to others. */
export function Profile() {
  const me = useParley((state) => state.me);
  return me && <ProfileForm key={me.id} me={me} />;
}

const NAMES = ['displayName', 'username', 'email', 'bio', 'location', 'birthDate'] as const;
type Values = Record<(typeof NAMES)[number], string>;

const valuesOf = (me: Me): Values => ({
  displayName: me.displayName ?? '',
  username: me.username ?? '',
  email: me.email ?? '',
  bio: me.bio ?? '',
  location: me.location ?? '',
  birthDate: me.birthDate ?? '',
});

function ProfileForm({ me }: { readonly me: Me }) {
  const t = useTexts();
  const [values, setValues] = useState(() => valuesOf(me));
  const saved = valuesOf(me);
  const changed = NAMES.filter((name) => values[name].trim() !== saved[name]);
  const { run, isBusy, problem, blames } = useAction(async () => {
    const { username, email, ...texts } = Object.fromEntries(changed.map((name) => [name, values[name].trim()]));
    await parley.me.update({
      ...(username !== undefined && { username }),
      ...(email !== undefined && { email }),
      ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text || null])),
    });
    toast(t.saved);
  });
  const set = (name: keyof Values) => (event: { target: { value: string } }) =>
    setValues({ ...values, [name]: event.target.value });
  const problemAt = (name: keyof Values, hint?: string) => {
    const code = { username: 'USERNAME_TAKEN', email: 'EMAIL_TAKEN' }[name as string] ?? '';
    if (!blames(code, `/${name}`)) return undefined;
    return blames(code) ? t.problems[code] : (hint ?? problem ?? undefined);
  };
  const isShownAtField = NAMES.some((name) => problemAt(name) !== undefined);
  return (
    <section className={styles.section} aria-label={t.profile}>
      <div className={styles.head}>
        <Avatar id={me.id} name={nameOf(me, t)} url={me.avatarUrl} size="large" />
        <PictureButtons
          hasPicture={me.avatarUrl !== null}
          onChoose={(image) => parley.me.setAvatar(image)}
          onRemove={() => parley.me.removeAvatar()}
        />
      </div>
      <form
        className={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {problem && !isShownAtField && <Problem>{problem}</Problem>}
        <Field
          label={t.displayName}
          dir="auto"
          maxLength={50}
          autoComplete="name"
          value={values.displayName}
          onChange={set('displayName')}
          problem={problemAt('displayName')}
        />
        <Field
          label={t.username}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={values.username}
          onChange={set('username')}
          hint={t.usernameHint}
          problem={problemAt('username', t.usernameHint)}
        />
        <Field
          label={t.email}
          type="email"
          autoComplete="email"
          value={values.email}
          onChange={set('email')}
          problem={problemAt('email')}
        />
        <TextField label={t.bio} dir="auto" rows={3} maxLength={500} value={values.bio} onChange={set('bio')} />
        <Field label={t.location} dir="auto" maxLength={100} value={values.location} onChange={set('location')} />
        <Field label={t.birthDate} type="date" value={values.birthDate} onChange={set('birthDate')} />
        <Button type="submit" look="primary" busy={isBusy} disabled={changed.length === 0}>
          {t.save}
        </Button>
      </form>
    </section>
  );
}

/** What strangers see of me, and whether people see that I am there. Each takes effect at once. */
export function Privacy() {
  const t = useTexts();
  const me = useParley((state) => state.me);
  const { run, problem } = useAction((change: Parameters<typeof parley.me.update>[0]) => parley.me.update(change));
  if (!me) return null;
  const publish = (field: Me['publicFields'][number]) => (isOn: boolean) => {
    const others = me.publicFields.filter((shown) => shown !== field);
    void run({ publicFields: isOn ? [...others, field] : others });
  };
  return (
    <section className={styles.section}>
      <h3>{t.privacy}</h3>
      {problem && <Problem>{problem}</Problem>}
      <Switch
        label={t.isPrivate}
        hint={t.isPrivateHint}
        checked={me.isPrivate}
        onChange={(isPrivate) => void run({ isPrivate })}
      />
      <Switch
        label={t.showPresence}
        hint={t.showPresenceHint}
        checked={me.showPresence}
        onChange={(showPresence) => void run({ showPresence })}
      />
      <Switch label={t.publicEmail} checked={me.publicFields.includes('email')} onChange={publish('email')} />
      <Switch
        label={t.publicBirthDate}
        checked={me.publicFields.includes('birthDate')}
        onChange={publish('birthDate')}
      />
    </section>
  );
}
