import { useState } from 'react';
import { useTexts } from '../texts/texts.ts';
import { Field } from '../ui/field.tsx';
import styles from './password-field.module.css';

interface PasswordFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly isNew?: boolean;
  readonly autoFocus?: boolean;
  readonly hint?: string;
  readonly problem?: string | undefined;
}

/** A password, in dots until one asks to see it. */
export function PasswordField({
  label,
  value,
  onChange,
  isNew = false,
  autoFocus = false,
  hint,
  problem,
}: PasswordFieldProps) {
  const t = useTexts();
  const [isShown, setShown] = useState(false);
  return (
    <div className={styles.password}>
      <Field
        label={label}
        type={isShown ? 'text' : 'password'}
        autoComplete={isNew ? 'new-password' : 'current-password'}
        required
        autoFocus={autoFocus}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        hint={hint}
        problem={problem}
      />
      <button type="button" className={styles.reveal} aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {isShown ? t.hidePassword : t.showPassword}
      </button>
    </div>
  );
}
