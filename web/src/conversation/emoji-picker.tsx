import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTexts } from '../texts/texts.ts';
import { isTouch } from '../ui/touch.ts';
import { EMOJI } from './emoji.ts';
import styles from './emoji-picker.module.css';

/** Emoji to choose from: found by what they show, walked through with the arrows. */
export function EmojiPicker({ onChoose }: { readonly onChoose: (emoji: string) => void }) {
  const t = useTexts();
  const [query, setQuery] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const found = useMemo(() => find(query), [query]);
  useEffect(() => {
    if (!isTouch()) field.current?.focus();
  }, []);

  const move = (event: KeyboardEvent) => {
    const buttons = [...(grid.current?.querySelectorAll('button') ?? [])];
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const columns = buttons.filter(({ offsetTop }) => offsetTop === buttons[0]?.offsetTop).length;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const isInField = at < 0;
    if (step === undefined || (isInField && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    const next = isInField ? 0 : at + step;
    if (next < 0) field.current?.focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the buttons in it.
    <div className={styles.picker} onKeyDown={move}>
      <input
        ref={field}
        type="search"
        aria-label={t.searchEmoji}
        placeholder={t.searchEmoji}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          const first = found[0];
          if (event.key !== 'Enter' || !first) return;
          event.preventDefault();
          onChoose(first.emoji);
        }}
      />
      {found.length === 0 && <p>{t.noEmoji}</p>}
      <div ref={grid} className={styles.grid}>
        {found.map(({ emoji, words }) => (
          <button
            key={emoji}
            type="button"
            tabIndex={-1}
            aria-label={words}
            title={words}
            onClick={() => onChoose(emoji)}
          >
            {emoji}
          </button>
        ))}
      </div>
    </div>
  );
}

function find(query: string): { readonly emoji: string; readonly words: string }[] {
  const wanted = query.trim().toLocaleLowerCase();
  const isFrench = document.documentElement.lang === 'fr';
  return EMOJI.filter(({ english, french }) => `${english} ${french}`.includes(wanted)).map(
    ({ emoji, english, french }) => ({ emoji, words: isFrench ? french : english }),
  );
}
