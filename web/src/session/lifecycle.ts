import { create } from 'zustand';
import { navigate } from '../router.ts';
import { clearDrafts } from './drafts.ts';
import { parley } from './parley.ts';

/** Why somebody who did not ask for it is back at the entrance; the names are those of the texts. */
type SignOutNote = 'signedOutElsewhere' | 'suspended' | null;

const useNote = create<{ readonly note: SignOutNote }>(() => ({ note: null }));

export const useSignOutNote = (): SignOutNote => useNote((state) => state.note);

let isLeaving = false;

/** Signs out because somebody wants to: nothing of what he was writing stays on this device. */
export async function signOut(end: () => Promise<unknown> = () => parley.auth.logout()): Promise<void> {
  const { userId } = parley.store.getState();
  isLeaving = true;
  try {
    await end();
    if (userId !== null) clearDrafts(userId);
    navigate('/sign-in', { replace: true });
  } finally {
    isLeaving = false;
  }
}

/** Takes up the session that this browser has, connects whenever somebody is signed in, and notes who was signed out by others. */
export function startSession(): void {
  parley.store.subscribe(({ account }, before) => {
    if (account === before.account || account !== 'signed-in') return;
    useNote.setState({ note: null });
    void parley.connect().catch(() => undefined); // state.stopped says why
  });
  parley.on('signed-out', (why) => {
    if (isLeaving) return;
    useNote.setState({ note: why?.code === 'ACCOUNT_SUSPENDED' ? 'suspended' : 'signedOutElsewhere' });
  });
  void parley.auth.restore().catch(() => undefined);
}
