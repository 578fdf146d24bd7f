import { type InputHTMLAttributes, type ReactNode, type Ref, type TextareaHTMLAttributes, useId } from 'react';
import styles from './field.module.css';
import { Icon } from './icon.tsx';

interface Surroundings {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with what stands in it. */
  readonly problem?: string | undefined;
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement>, Surroundings {
  readonly ref?: Ref<HTMLInputElement>;
}

/** A line to write into, with its name above it. */
export function Field({ label, hint, problem, ...rest }: FieldProps) {
  const { id, describedBy } = useIds(hint, problem);
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <input
        {...rest}
        id={id}
        className={styles.input}
        data-autofocus={rest.autoFocus}
        aria-invalid={!!problem}
        aria-describedby={describedBy}
      />
    </Labelled>
  );
}

/** The same for several lines. */
export function TextField({
  label,
  hint,
  problem,
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & Surroundings) {
  const { id, describedBy } = useIds(hint, problem);
  return (
    <Labelled id={id} label={label} hint={hint} problem={problem}>
      <textarea {...rest} id={id} className={styles.input} aria-invalid={!!problem} aria-describedby={describedBy} />
    </Labelled>
  );
}

function useIds(hint: ReactNode, problem: string | undefined) {
  const id = useId();
  return { id, describedBy: problem || hint ? `${id}-about` : undefined };
}

function Labelled({ id, label, hint, problem, children }: Surroundings & { id: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children}
      {problem ? (
        <p id={`${id}-about`} className={styles.problem}>
          <Icon name="warn" size={16} />
          {problem}
        </p>
      ) : (
        hint && (
          <p id={`${id}-about`} className={styles.hint}>
            {hint}
          </p>
        )
      )}
    </div>
  );
}

interface SwitchProps {
  readonly label: string;
  readonly hint?: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** On or off, at once. */
export function Switch({ label, hint, checked, onChange }: SwitchProps) {
  const id = useId();
  return (
    <label className={styles.switch}>
      <span>
        <span id={`${id}-name`}>{label}</span>
        {hint && <small id={`${id}-about`}>{hint}</small>}
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-labelledby={`${id}-name`}
        aria-describedby={hint && `${id}-about`}
        aria-checked={checked}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className={styles.choice}>
      <legend>{label}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
