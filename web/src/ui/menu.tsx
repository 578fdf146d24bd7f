import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { IconButton } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import styles from './menu.module.css';

export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly isDanger?: boolean;
  readonly onSelect: () => void;
}

interface MenuProps {
  /** The name of the button that opens it. */
  readonly label: string;
  readonly icon?: IconName;
  readonly items: readonly MenuItem[];
  readonly className?: string;
  /** Reached by other keys than Tab, because there are many. */
  readonly isOutOfTabOrder?: boolean;
}

const GAP = 4;

/** A button with things to do behind it: arrows, Home and End move, Enter chooses, Esc and a click elsewhere close. */
export function Menu({ label, icon = 'more', items, className = '', isOutOfTabOrder = false }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(false);

  return (
    <>
      <IconButton
        ref={button}
        icon={icon}
        label={label}
        className={className}
        tabIndex={isOutOfTabOrder ? -1 : 0}
        popoverTarget={id}
        aria-haspopup="menu"
        aria-expanded={isOpen}
      />
      <Popover id={id} anchor={button} label={label} onToggle={setOpen}>
        {isOpen && <Items items={items} id={id} />}
      </Popover>
    </>
  );
}

interface PopoverProps {
  readonly id: string;
  readonly label: string;
  readonly anchor: { readonly current: HTMLElement | null };
  readonly onToggle: (isOpen: boolean) => void;
  readonly role?: 'menu' | 'dialog';
  readonly children: ReactNode;
}

/** What lies above the page beside its anchor; the browser closes it by Esc and by a click elsewhere. */
export function Popover({ id, label, anchor, onToggle, role = 'menu', children }: PopoverProps) {
  const popover = useRef<HTMLDivElement>(null);
  const place = () => {
    const [box, around] = [popover.current, anchor.current?.getBoundingClientRect()];
    if (!box || !around) return;
    const isLeftToRight = getComputedStyle(box).direction === 'ltr';
    const left = isLeftToRight ? around.right - box.offsetWidth : around.left;
    const below = around.bottom + GAP;
    const top = below + box.offsetHeight > innerHeight ? around.top - GAP - box.offsetHeight : below;
    box.style.left = `${Math.max(GAP, Math.min(left, innerWidth - box.offsetWidth - GAP))}px`;
    box.style.top = `${Math.max(GAP, top)}px`;
  };
  // What is in it may come late, and then it has another size.
  const placed = useRef(place);
  placed.current = place;
  useEffect(() => {
    const box = popover.current;
    if (!box) return undefined;
    const observer = new ResizeObserver(() => placed.current());
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: a menu and a dialog both have names.
    <div
      ref={popover}
      id={id}
      popover="auto"
      role={role}
      aria-label={label}
      className={styles.popover}
      onToggle={(event) => {
        onToggle(event.newState === 'open');
        place();
      }}
    >
      {children}
    </div>
  );
}

function Items({ items, id }: { readonly items: readonly MenuItem[]; readonly id: string }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.querySelector('button')?.focus(), []);

  const move = (event: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll('button') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    all[next % all.length]?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the buttons in it.
    <div ref={list} onKeyDown={move}>
      {items.map(({ label, icon, isDanger = false, onSelect }) => (
        <button
          key={label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className={isDanger ? styles.danger : undefined}
          popoverTarget={id}
          popoverTargetAction="hide"
          onClick={onSelect}
        >
          <Icon name={icon} size={18} />
          {label}
        </button>
      ))}
    </div>
  );
}
