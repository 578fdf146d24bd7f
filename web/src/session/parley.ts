import { Parley, type ParleyState } from 'parley-client';
import { useStore } from 'zustand';

/** The one client of this page; all that it shows of the server comes out of its store. */
export const parley = new Parley({ url: location.origin, keepsCopy: true });

/** What of the state a component shows: it is drawn again when that changes. Selectors must not make new objects. */
export const useParley = <T>(selector: (state: ParleyState) => T): T => useStore(parley.store, selector);
