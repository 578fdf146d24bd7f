import { create } from 'zustand';
import { navigate } from '../router.ts';
import { clearDrafts, openDrafts } from './drafts.ts';
import { parley } from './parley.ts';

/** Why somebody who did not ask for it is back at the entrance; the names are those of the texts. */
type SignOutNote = 'signedOutElsewhere' | 'suspended' | null;

const useNote = create<{ readonly note: SignOutNote }>(() => ({ note: null }));

export const useSignOutNote = (): SignOutNote => useNote((state) => state.note);

/** When somebody has last wanted to leave, in any tab: the others are signed out by it too, and not from another device. */
const LEFT = 'parley.left';
const LEAVING_MS = 10_000;

const isLeaving = (): boolean => Date.now() - Number(localStorage.getItem(LEFT)) < LEAVING_MS;

/** Signs out because somebody wants to: nothing of what he was writing stays on this device. */
export async function signOut(end: () => Promise<unknown> = () => parley.auth.logout()): Promise<void> {
  const { userId } = parley.store.getState();
  localStorage.setItem(LEFT, String(Date.now()));
  try {
    await end();
  } catch (error) {
    localStorage.removeItem(LEFT);
    throw error;
  }
  if (userId !== null) clearDrafts(userId);
  navigate('/sign-in', { replace: true });
}

/** Takes up the session that this browser has, connects whenever somebody is signed in, and notes who was signed out by others. */
export function startSession(): void {
  parley.store.subscribe(({ account, userId }, before) => {
    if (userId !== before.userId && userId !== null) openDrafts(userId); // before anything of his is drawn
    if (account === before.account || account !== 'signed-in') return;
    localStorage.removeItem(LEFT);
    useNote.setState({ note: null });
    void parley.connect().catch(() => undefined); // state.stopped says why
  });
  parley.on('signed-out', (why) => {
    if (isLeaving()) return;
    useNote.setState({ note: why?.code === 'ACCOUNT_SUSPENDED' ? 'suspended' : 'signedOutElsewhere' });
  });
  void parley.auth.restore().catch(() => undefined);
}
