import type { Presence } from 'parley-client';
import { usePicture } from '../session/pictures.ts';
import styles from './avatar.module.css';
import { Icon, type IconName } from './icon.tsx';

interface AvatarProps {
  /** Of whom or what it is: gives the colour. */
  readonly id: string;
  readonly name: string;
  readonly url?: string | null;
  readonly size?: 'small' | 'medium' | 'large';
  /** Shown instead of initials. */
  readonly icon?: IconName;
  readonly status?: Presence['status'] | undefined;
}

const HUES = 8;

/** A picture, or else the initials on a colour of one's own. The name stands beside it, so it is nothing to be read out. */
export function Avatar({ id, name, url = null, size = 'medium', icon, status }: AvatarProps) {
  const picture = usePicture(url);
  return (
    <span
      className={`${styles.avatar} ${styles[size]}`}
      data-hue={hueOf(id)}
      data-initials={picture || icon ? undefined : initialsOf(name)}
      aria-hidden="true"
    >
      {picture ? <img src={picture} alt="" /> : icon && <Icon name={icon} />}
      {status && status !== 'offline' && <i className={styles[status]} />}
    </span>
  );
}

const hueOf = (id: string): number =>
  [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7) % HUES;

/** Keeps letters apart that would else be joined, as those of Arabic are. */
const NON_JOINER = '\u200c';

/** The first letters of the first and the last word; of a name without a letter its first emoji. */
function initialsOf(name: string): string {
  const letters = name.split(/\s+/).flatMap((word) => word.match(/[\p{L}\p{N}]/u) ?? []);
  const [first = name.match(/\p{RGI_Emoji}/v)?.[0] ?? '?', ...others] = letters;
  return [first, ...others.slice(-1)].join(NON_JOINER).toUpperCase();
}
