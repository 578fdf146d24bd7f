import { useLayoutEffect, useRef, useState } from 'react';
import styles from './formatted.module.css';

type Render = (content: string) => DocumentFragment;

/** What could be more than plain text. Everything else needs no parser, and most messages are that. */
const FORMATTED = /[*_`~#>[\]|\\&]|:\/\/|www\.|\w\.\w|@|^[ \t]*([-+]|\d+[.)])\s/m;
/** Up to three emoji and nothing else. */
const EMOJI_ONLY = /^\s*(\p{RGI_Emoji}\s*){1,3}$/v;

let render: Render | null = null;
let loading: Promise<void> | null = null;

function loadRender(): Promise<void> {
  loading ??= import('./markdown.ts').then((module) => {
    render = module.renderMarkdown;
  });
  return loading;
}

/** The text of a message: Markdown, as far as it is loaded and can do no harm. */
export function Formatted({ content }: { readonly content: string }) {
  if (EMOJI_ONLY.test(content)) return <p className={styles.emoji}>{content.trim()}</p>;
  if (!FORMATTED.test(content)) return <Plain content={content} />;
  return <Marked content={content} />;
}

function Plain({ content }: { readonly content: string }) {
  return (
    <p className={styles.plain} dir="auto">
      {content}
    </p>
  );
}

function Marked({ content }: { readonly content: string }) {
  const [isLoaded, setLoaded] = useState(render !== null);
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isLoaded) box.current?.replaceChildren(render?.(content) ?? content);
    else void loadRender().then(() => setLoaded(true));
  }, [content, isLoaded]);
  return isLoaded ? <div ref={box} className={styles.marked} /> : <Plain content={content} />;
}
