import { useState } from 'react';
import { PasswordField } from '../entrance/password-field.tsx';
import { useAction } from '../session/action.ts';
import { signOut } from '../session/lifecycle.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Choice } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import { toast } from '../ui/toasts.tsx';
import styles from './settings.module.css';

const PASSWORD_MIN = 8;

/** The password, and the end. */
export function Account() {
  const t = useTexts();
  const [open, setOpen] = useState<'password' | 'delete' | null>(null);
  const close = () => setOpen(null);
  return (
    <section className={styles.section}>
      <h3>{t.account}</h3>
      <Button onClick={() => setOpen('password')}>{t.changePassword}</Button>
      <Button look="danger" icon="trash" onClick={() => setOpen('delete')}>
        {t.deleteAccount}
      </Button>
      {open === 'password' && <ChangePassword onClose={close} />}
      {open === 'delete' && <DeleteAccount onClose={close} />}
    </section>
  );
}

function ChangePassword({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const { run, isBusy, problem, blames } = useAction(async () => {
    await parley.me.changePassword(current, wanted);
    toast(t.passwordChanged);
    onClose();
  });
  const hint = t.passwordHint(PASSWORD_MIN);
  return (
    <Dialog title={t.changePassword} onClose={onClose}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        {problem && !blames('PASSWORD_WEAK', '/newPassword') && <Problem>{problem}</Problem>}
        <PasswordField label={t.currentPassword} autoFocus value={current} onChange={setCurrent} />
        <PasswordField
          label={t.newPassword}
          isNew
          value={wanted}
          onChange={setWanted}
          hint={hint}
          problem={blames('PASSWORD_WEAK') ? t.problems.PASSWORD_WEAK : blames('/newPassword') ? hint : undefined}
        />
        <Button type="submit" look="primary" busy={isBusy} disabled={current === '' || wanted === ''}>
          {t.changePassword}
        </Button>
      </form>
    </Dialog>
  );
}

function DeleteAccount({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const [password, setPassword] = useState('');
  const [messages, setMessages] = useState<'keep' | 'erase'>('keep');
  const action = useAction(() => signOut(() => parley.me.delete({ password, messages })));
  return (
    <Confirm title={t.deleteAccount} answer={t.deleteAccount} action={action} onClose={onClose}>
      <p>{t.deleteAccountWhy}</p>
      <Choice
        label={t.whatOfMessages}
        value={messages}
        options={[
          { value: 'keep', label: t.keepMessages },
          { value: 'erase', label: t.eraseMessages },
        ]}
        onChange={setMessages}
      />
      <PasswordField label={t.password} value={password} onChange={setPassword} />
    </Confirm>
  );
}
