import { lazy, Suspense, useId, useRef, useState } from 'react';
import { useTexts } from '../texts/texts.ts';
import { IconButton } from '../ui/button.tsx';
import { Popover } from '../ui/menu.tsx';

const EmojiPicker = lazy(async () => ({ default: (await import('./emoji-picker.tsx')).EmojiPicker }));

/** Opens the emoji, which are loaded when they are first wanted. */
export function EmojiButton({ onChoose }: { readonly onChoose: (emoji: string) => void }) {
  const t = useTexts();
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);
  const choose = (emoji: string) => {
    document.getElementById(id)?.hidePopover();
    onChoose(emoji);
  };
  return (
    <>
      <IconButton
        ref={button}
        icon="smile"
        label={t.emoji}
        popoverTarget={id}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
      />
      <Popover id={id} anchor={button} label={t.emoji} role="dialog" onToggle={setOpen}>
        {isOpen && (
          <Suspense>
            <EmojiPicker onChoose={choose} />
          </Suspense>
        )}
      </Popover>
    </>
  );
}
