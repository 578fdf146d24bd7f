/** To fold so many UTF-16 units of text takes from a tenth of a millisecond to ten, by their script. */
const UNITS_PER_TURN = 4_000;

/** For long work with texts: awaited after each, it lets others have their turn whenever enough was done in one's own. */
export function takingTurns(): (text: string | null) => Promise<void> | undefined {
  let done = 0;
  return (text) => {
    done += text?.length ?? 0;
    if (done < UNITS_PER_TURN) return undefined;
    done = 0;
    return new Promise((resolve) => setImmediate(resolve));
  };
}
