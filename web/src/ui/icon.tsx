/** Drawn on a grid of 20, with the line of the text around them. */
const PATHS = {
  back: 'M12.5 4 6.5 10l6 6',
  bell: 'M10 3a4.5 4.5 0 0 0-4.5 4.5c0 4-1.5 5-1.5 6h12c0-1-1.5-2-1.5-6A4.5 4.5 0 0 0 10 3ZM8.3 16.2a1.8 1.8 0 0 0 3.4 0',
  bellOff:
    'M6 5.5A4.5 4.5 0 0 1 14.5 7.5c0 2 .4 3.3.8 4.2M12.5 13.5H4c0-1 1.5-2 1.5-6M8.3 16.2a1.8 1.8 0 0 0 3.4 0M3 3l14 14',
  calendar: 'M4 5.5h12v11H4zM4 9h12M7 3.5v3.5M13 3.5v3.5',
  chat: 'M5 4h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-4l-4 3v-3H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  checks: 'm2 10.5 3.5 3.5 6.5-7.5M9.5 13l1 1 7-8',
  clock: 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM10 6.5V10l2.5 1.5',
  close: 'm5 5 10 10M15 5 5 15',
  copy: 'M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3',
  door: 'M11.5 4H5v12h6.5M9 10h8M14 7l3 3-3 3',
  down: 'm5 8 5 5 5-5',
  download: 'M10 3.5v9M6 9l4 4 4-4M4 16.5h12',
  edit: 'm4 16 .8-3.5L13 4.3l2.7 2.7-8.2 8.2L4 16ZM11.5 5.8l2.7 2.7',
  gear: 'M10 7.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4ZM10 2.8v2M10 15.2v2M2.8 10h2M15.2 10h2M4.9 4.9l1.4 1.4M13.7 13.7l1.4 1.4M4.9 15.1l1.4-1.4M13.7 6.3l1.4-1.4',
  group:
    'M7.5 9.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.5 16c0-2.7 2.2-4.5 5-4.5s5 1.8 5 4.5M13 4.3a2.5 2.5 0 0 1 0 4.9M14.5 11.7c1.9.5 3.1 2.1 3.1 4.3',
  hash: 'M7.5 3.5 6 16.5M14 3.5l-1.5 13M3.5 7.5h13M3 12.5h13',
  history: 'M4 10a6.3 6.3 0 1 0 1.9-4.5L4 7.3M4 3.8v3.5h3.5M10 6.8V10l2.3 1.5',
  clip: 'M15.5 9.5 10 15a3.5 3.5 0 0 1-5-5l6-6a2.3 2.3 0 0 1 3.3 3.3l-6 6a1.1 1.1 0 0 1-1.6-1.6L12 6.5',
  info: 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM10 9.3v4M10 6.5v.3',
  screen: 'M4 5.5h12v8H4zM7.5 16.5h5M10 13.5v3',
  more: 'M4.5 10h.01M10 10h.01M15.5 10h.01',
  plus: 'M10 4v12M4 10h12',
  reply: 'M8 5 3.5 9.5 8 14M3.5 9.5H11c3.3 0 5.5 2 5.5 5.5',
  retry: 'M16 10a6 6 0 1 1-1.8-4.3L16 7.5M16 3.8v3.7h-3.7',
  search: 'M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4ZM12.7 12.7 16.5 16.5',
  send: 'M3.5 10 17 3.5 12.5 17 9.8 11.2 3.5 10ZM9.8 11.2 17 3.5',
  smile:
    'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM7.3 11.7c.6 1 1.6 1.5 2.7 1.5s2.1-.5 2.7-1.5M7.8 8.3v.01M12.2 8.3v.01',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.7 10.5h7.6L14.5 6M8.5 9v4.5M11.5 9v4.5',
  user: 'M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3.8 17c0-3 2.7-5 6.2-5s6.2 2 6.2 5',
  warn: 'M10 3.5 17.5 16.5h-15L10 3.5ZM10 8.5v3.7M10 14.3v.2',
} as const;

export type IconName = keyof typeof PATHS;

const POINTING: ReadonlySet<IconName> = new Set(['back', 'door', 'reply', 'send']);

/** A drawing beside a text, or inside a button that has a name. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      data-points={POINTING.has(name)}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
