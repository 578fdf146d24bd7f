import type { ServerInfo } from 'parley-client';
import { useState } from 'react';
import { Link } from '../link.tsx';
import { useAction } from '../session/action.ts';
import { deviceName } from '../session/device.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import styles from './entrance.module.css';
import { EntranceForm } from './entrance-form.tsx';
import { PasswordField } from './password-field.tsx';

const PASSWORD_MIN = 8;
const NOTHING = { username: '', email: '', password: '', displayName: '', invitation: '' };

export function Register({ server }: { readonly server: ServerInfo | null }) {
  const t = useTexts();
  const [values, setValues] = useState(NOTHING);
  const [isInvited, setInvited] = useState(false);
  const set = (field: keyof typeof NOTHING) => (value: string) => setValues({ ...values, [field]: value });
  const { run, isBusy, problem, blames } = useAction(() => {
    const { displayName, invitation, ...needed } = values;
    return parley.auth.register({
      ...needed,
      device: deviceName(),
      ...(displayName.trim() !== '' && { displayName }),
      ...(invitation.trim() !== '' && { invitation: invitation.trim() }),
    });
  });
  const isNameTaken = blames('USERNAME_TAKEN');
  const isAddressTaken = blames('EMAIL_TAKEN');
  const isWeak = blames('PASSWORD_WEAK');
  const passwordHint = t.passwordHint(server?.limits.passwordLength.min ?? PASSWORD_MIN);
  const isShownAtField = blames('USERNAME_TAKEN', 'EMAIL_TAKEN', 'PASSWORD_WEAK', '/username', '/email', '/password');
  const asksInvitation = isInvited || server?.registration === 'invitation';
  return (
    <EntranceForm
      title={t.registerTitle}
      lead={t.appClaim}
      onSubmit={run}
      footer={
        <p>
          {t.haveAccount} <Link href="/sign-in">{t.signIn}</Link>
        </p>
      }
    >
      {problem && !isShownAtField && <Problem>{problem}</Problem>}
      <Field
        label={t.username}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        value={values.username}
        onChange={(event) => set('username')(event.target.value)}
        hint={t.usernameHint}
        problem={isNameTaken ? t.problems.USERNAME_TAKEN : blames('/username') ? t.usernameHint : undefined}
      />
      <Field
        label={t.displayName}
        name="name"
        autoComplete="name"
        dir="auto"
        maxLength={50}
        value={values.displayName}
        onChange={(event) => set('displayName')(event.target.value)}
        hint={t.displayNameHint}
      />
      <Field
        label={t.email}
        name="email"
        type="email"
        autoComplete="email"
        required
        value={values.email}
        onChange={(event) => set('email')(event.target.value)}
        problem={isAddressTaken ? t.problems.EMAIL_TAKEN : blames('/email') ? (problem ?? undefined) : undefined}
      />
      <PasswordField
        label={t.password}
        isNew
        value={values.password}
        onChange={set('password')}
        hint={passwordHint}
        problem={isWeak ? t.problems.PASSWORD_WEAK : blames('/password') ? passwordHint : undefined}
      />
      {asksInvitation ? (
        <Field
          label={t.invitation}
          name="invitation"
          autoComplete="off"
          value={values.invitation}
          onChange={(event) => set('invitation')(event.target.value)}
          hint={t.invitationHint}
        />
      ) : (
        <button type="button" className={styles.reveal} onClick={() => setInvited(true)}>
          {t.invitationOptional}
        </button>
      )}
      <Button
        type="submit"
        look="primary"
        busy={isBusy}
        disabled={values.username === '' || values.email === '' || values.password === ''}
      >
        {t.register}
      </Button>
    </EntranceForm>
  );
}
