import { COMMAND } from '../session/shortcuts.ts';
import { useTexts } from '../texts/texts.ts';
import { Dialog } from '../ui/dialog.tsx';
import styles from './settings.module.css';

/** Every key that does something. */
export function ShortcutList({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const keys: readonly (readonly [readonly string[], string])[] = [
    [[COMMAND, 'K'], t.shortcut.palette],
    [['Alt', '↑ ↓'], t.shortcut.nextChat],
    [['↑ ↓'], t.shortcut.walk],
    [[t.enterKey], t.shortcut.send],
    [['⇧', t.enterKey], t.shortcut.newLine],
    [['↑'], t.shortcut.editLast],
    [[t.enterKey], t.shortcut.menu],
    [[t.escapeKey], t.shortcut.escape],
    [['?'], t.shortcut.list],
  ];
  return (
    <Dialog title={t.shortcuts} onClose={onClose}>
      <dl className={styles.keys}>
        {keys.map(([combination, what]) => (
          <div key={what}>
            <dt>
              {combination.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
