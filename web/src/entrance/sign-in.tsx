import type { ServerInfo } from 'parley-client';
import { useState } from 'react';
import { Link } from '../link.tsx';
import { useAction } from '../session/action.ts';
import { deviceName } from '../session/device.ts';
import { useSignOutNote } from '../session/lifecycle.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import styles from './entrance.module.css';
import { EntranceForm } from './entrance-form.tsx';
import { PasswordField } from './password-field.tsx';

export function SignIn({ server }: { readonly server: ServerInfo | null }) {
  const t = useTexts();
  const note = useSignOutNote();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const { run, isBusy, problem } = useAction(() => parley.auth.login({ login, password, device: deviceName() }));
  return (
    <EntranceForm
      title={t.signInTitle}
      onSubmit={run}
      footer={
        server?.registration === 'closed' ? (
          <p>{t.registrationClosed}</p>
        ) : (
          <p>
            {t.noAccountYet} <Link href="/register">{t.register}</Link>
          </p>
        )
      }
    >
      {note && !problem && <p className={styles.good}>{t[note]}</p>}
      {problem && <Problem>{problem}</Problem>}
      <Field
        label={t.login}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        value={login}
        onChange={(event) => setLogin(event.target.value)}
      />
      <PasswordField label={t.password} value={password} onChange={setPassword} />
      <Button type="submit" look="primary" busy={isBusy} disabled={login.trim() === '' || password === ''}>
        {t.signIn}
      </Button>
      <Link href="/forgotten-password" className={styles.aside}>
        {t.forgotPassword}
      </Link>
    </EntranceForm>
  );
}
