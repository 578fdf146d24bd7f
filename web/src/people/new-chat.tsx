import type { User } from 'parley-client';
import { navigate } from '../router.ts';
import { useAction } from '../session/action.ts';
import { parley } from '../session/parley.ts';
import { useTexts } from '../texts/texts.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Problem } from '../ui/notice.tsx';
import { PeopleSearch } from './people-search.tsx';

/** Finds somebody to write to. */
export function NewChat({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const { run, problem } = useAction(async ({ id }: User) => {
    const chat = await parley.chats.openDirect(id);
    onClose();
    navigate(`/chats/${chat.id}`);
  });
  return (
    <Dialog title={t.newChat} kind="sheet" onClose={onClose}>
      <PeopleSearch onChoose={(user) => void run(user)}>{problem && <Problem>{problem}</Problem>}</PeopleSearch>
    </Dialog>
  );
}
