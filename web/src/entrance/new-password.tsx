import type { ServerInfo } from 'parley-client';
import { useState } from 'react';
import { Link } from '../link.tsx';
import { navigate } from '../router.ts';
import { useAction } from '../session/action.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import { toast } from '../ui/toasts.tsx';
import { EntranceForm } from './entrance-form.tsx';
import { PasswordField } from './password-field.tsx';

const PASSWORD_MIN = 8;

/** Asks for the mail with the code. */
export function ForgottenPassword() {
  const t = useTexts();
  const [email, setEmail] = useState('');
  const { run, isBusy, problem, blames } = useAction(async () => {
    await parley.auth.forgotPassword(email.trim());
    navigate('/reset-password');
  });
  return (
    <EntranceForm
      title={t.forgotTitle}
      lead={t.forgotLead}
      onSubmit={run}
      footer={<Link href="/sign-in">{t.toSignIn}</Link>}
    >
      {problem && !blames('/email') && <Problem>{problem}</Problem>}
      <Field
        label={t.email}
        name="email"
        type="email"
        autoComplete="email"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        problem={blames('/email') ? (problem ?? undefined) : undefined}
      />
      <Button type="submit" look="primary" busy={isBusy} disabled={email.trim() === ''}>
        {t.sendCode}
      </Button>
    </EntranceForm>
  );
}

interface ResetPasswordProps {
  /** From the link in the mail; empty if somebody came without it. */
  readonly code: string;
  readonly server: ServerInfo | null;
}

/** Takes the code and the new password. */
export function ResetPassword({ code: given, server }: ResetPasswordProps) {
  const t = useTexts();
  const [code, setCode] = useState(given);
  const [password, setPassword] = useState('');
  const { run, isBusy, problem, blames } = useAction(async () => {
    await parley.auth.resetPassword(code.trim(), password);
    toast(t.passwordSet);
    navigate('/sign-in', { replace: true });
  });
  const hint = t.passwordHint(server?.limits.passwordLength.min ?? PASSWORD_MIN);
  return (
    <EntranceForm
      title={t.forgotTitle}
      lead={given === '' ? t.codeSent : undefined}
      onSubmit={run}
      footer={<Link href="/sign-in">{t.toSignIn}</Link>}
    >
      {problem && !blames('PASSWORD_WEAK', '/newPassword') && <Problem>{problem}</Problem>}
      <Field
        label={t.code}
        name="code"
        autoComplete="one-time-code"
        autoCapitalize="none"
        spellCheck={false}
        required
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <PasswordField
        label={t.newPassword}
        isNew
        value={password}
        onChange={setPassword}
        hint={hint}
        problem={blames('PASSWORD_WEAK') ? t.problems.PASSWORD_WEAK : blames('/newPassword') ? hint : undefined}
      />
      <Button type="submit" look="primary" busy={isBusy} disabled={code.trim() === '' || password === ''}>
        {t.setPassword}
      </Button>
    </EntranceForm>
  );
}
