import { useState } from 'react';
import { navigate } from '../router.ts';
import { useAction } from '../session/action.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Problem } from '../ui/notice.tsx';
import { ChosenPeople, useChosenPeople } from './chosen-people.tsx';
import styles from './people.module.css';

const NAME_MAX = 100;

/** A group, with its name and whoever is to be in it from the start. */
export function NewGroup({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const [name, setName] = useState('');
  const { chosen, toggle } = useChosenPeople();
  const { run, isBusy, problem } = useAction(async () => {
    const chat = await parley.chats.createGroup({ name: name.trim(), memberIds: chosen.map(({ id }) => id) });
    onClose();
    navigate(`/chats/${chat.id}`);
  });
  return (
    <Dialog
      title={t.newGroup}
      kind="sheet"
      onClose={onClose}
      footer={
        <Button look="primary" busy={isBusy} disabled={name.trim() === ''} onClick={() => void run()}>
          {t.createGroup}
        </Button>
      }
    >
      <div className={styles.form}>
        {problem && <Problem>{problem}</Problem>}
        <Field
          label={t.groupName}
          dir="auto"
          maxLength={NAME_MAX}
          autoComplete="off"
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <ChosenPeople chosen={chosen} toggle={toggle} />
      </div>
    </Dialog>
  );
}
