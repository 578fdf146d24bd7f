import type { Attachment } from 'parley-client';
import { useState } from 'react';
import { parley } from '../session/parley.ts';
import { usePicture } from '../session/pictures.ts';
import { useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { toast } from '../ui/toasts.tsx';
import styles from './attachments.module.css';

const WIDTH_MAX = 352;
const HEIGHT_MAX = 300;

/** The files of a message: pictures to be seen, all others to be had. */
export function Attachments({ attachments }: { readonly attachments: readonly Attachment[] }) {
  return (
    <ul className={styles.list}>
      {attachments.map((attachment) => (
        <li key={attachment.id}>
          {attachment.mediaType.startsWith('image/') && attachment.width !== null ? (
            <Picture attachment={attachment} />
          ) : (
            <FileRow attachment={attachment} />
          )}
        </li>
      ))}
    </ul>
  );
}

/** Its place is kept free before it is here. */
function Picture({ attachment }: { readonly attachment: Attachment }) {
  const t = useTexts();
  const [isOpen, setOpen] = useState(false);
  const picture = usePicture(attachment.url);
  const [width, height] = [attachment.width ?? 1, attachment.height ?? 1];
  const scale = Math.min(1, WIDTH_MAX / width, HEIGHT_MAX / height);
  return (
    <>
      <button type="button" className={styles.picture} title={t.enlarge(attachment.name)} onClick={() => setOpen(true)}>
        <img
          src={picture ?? undefined}
          alt={attachment.name}
          width={Math.round(width * scale)}
          height={Math.round(height * scale)}
        />
      </button>
      {isOpen && <WholePicture attachment={attachment} picture={picture} onClose={() => setOpen(false)} />}
    </>
  );
}

interface WholePictureProps {
  readonly attachment: Attachment;
  readonly picture: string | null;
  readonly onClose: () => void;
}

/** As large as the window has room for. */
function WholePicture({ attachment, picture, onClose }: WholePictureProps) {
  const t = useTexts();
  return (
    <Dialog
      title={attachment.name}
      kind="picture"
      onClose={onClose}
      footer={
        <Button icon="download" onClick={() => void download(attachment, t.somethingWrong)}>
          {t.save}
        </Button>
      }
    >
      <img
        className={styles.whole}
        src={picture ?? undefined}
        alt={attachment.name}
        width={attachment.width ?? undefined}
        height={attachment.height ?? undefined}
      />
    </Dialog>
  );
}

function FileRow({ attachment }: { readonly attachment: Attachment }) {
  const t = useTexts();
  return (
    <button
      type="button"
      className={styles.file}
      title={t.download(attachment.name)}
      onClick={() => download(attachment, t.somethingWrong)}
    >
      <Icon name="download" />
      <span>
        <bdi>{attachment.name}</bdi>
        <small>{sizeOf(attachment.bytes)}</small>
      </span>
    </button>
  );
}

/** Saves a file; its bytes come with the token, so no plain link could. */
async function download({ url, name }: Attachment, failure: string): Promise<void> {
  try {
    const address = URL.createObjectURL(await parley.files.read(url));
    Object.assign(document.createElement('a'), { href: address, download: name }).click();
    setTimeout(URL.revokeObjectURL, 60_000, address);
  } catch {
    toast(failure);
  }
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

export function sizeOf(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unitDisplay = power === 0 ? 'long' : 'short'; // there is no short plural of bytes
  const options = { style: 'unit', unit: UNITS[power] ?? 'byte', unitDisplay, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(document.documentElement.lang, options).format(bytes / 1000 ** power);
}
