import { useRef } from 'react';
import { useAction } from '../session/action.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Problem } from '../ui/notice.tsx';
import styles from './people.module.css';

interface PictureButtonsProps {
  readonly hasPicture: boolean;
  readonly onChoose: (image: Blob) => Promise<unknown>;
  readonly onRemove: () => Promise<unknown>;
}

/** Gives somebody or something a picture, or takes it away. */
export function PictureButtons({ hasPicture, onChoose, onRemove }: PictureButtonsProps) {
  const t = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const { run, isBusy, problem } = useAction((work: () => Promise<unknown>) => work());
  return (
    <>
      {problem && <Problem>{problem}</Problem>}
      <div className={styles.buttons}>
        <Button look="quiet" busy={isBusy} onClick={() => input.current?.click()}>
          {t.changePicture}
        </Button>
        {hasPicture && (
          <Button look="quiet" disabled={isBusy} onClick={() => void run(onRemove)}>
            {t.removePicture}
          </Button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/gif,image/webp"
        hidden
        aria-label={t.changePicture}
        onChange={(event) => {
          const image = event.target.files?.[0];
          if (image) void run(() => onChoose(image));
          event.target.value = '';
        }}
      />
    </>
  );
}
