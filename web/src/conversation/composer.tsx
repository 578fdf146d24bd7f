import { type Chat, isOutgoing, linesOf, type Message } from 'parley-client';
import { type ClipboardEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { problemText, useAction } from '../session/action.ts';
import {
  chosenFiles,
  draftOf,
  keepDraft,
  keepFiles,
  keepWriting,
  useChosenFiles,
  useWriting,
  type Writing,
} from '../session/drafts.ts';
import { parley } from '../session/parley.ts';
import { nameOf, useChatName } from '../session/people.ts';
import { useTexts } from '../texts/texts.ts';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Problem } from '../ui/notice.tsx';
import { toast } from '../ui/toasts.tsx';
import { isTouch } from '../ui/touch.ts';
import { sizeOf } from './attachments.tsx';
import styles from './composer.module.css';
import { EmojiButton } from './emoji-button.tsx';
import { QuotedText } from './quote.tsx';

const CONTENT_MAX = 4_000;
const ATTACHMENTS_MAX = 10;
const HEIGHT_MAX = 200;
/** So many files that failed are told of by name. */
const LOST_SHOWN = 3;

interface ComposerProps {
  readonly chat: Chat;
  readonly onSent: () => void;
}

/** Where one writes. What is begun is kept; what is sent goes at once, and waits by itself where there is no link. */
export function Composer({ chat, onSent }: ComposerProps) {
  const t = useTexts();
  const name = useChatName(chat);
  const field = useRef<HTMLTextAreaElement>(null);
  const writing = useWriting(chat.id);
  const [draft, setDraft] = useState(() => draftOf(chat.id));
  const files = useChosenFiles(chat.id);
  const waiting = useRef<File[]>([]);
  const [lost, setLost] = useState<readonly { readonly name: string; readonly error: unknown }[]>([]);
  const isEditing = writing.kind === 'edit';
  const text = isEditing ? writing.text : draft;
  const about = writing.kind === 'new' ? null : writing.message.id;
  const excess = [...text.trim()].length - CONTENT_MAX;
  const isEmpty = text.trim() === '' && (files.length === 0 || isEditing);

  const onWriting = (now: Writing) => keepWriting(chat.id, now);
  const edit = useAction(async (message: Message, content: string) => {
    if (content !== message.content) await parley.messages.edit(chat.id, message.id, content);
    onWriting({ kind: 'new' });
  });
  // One after the other: what is chosen meanwhile waits too, and what fails does not keep back the rest.
  const upload = useAction(async () => {
    setLost([]);
    for (let file = waiting.current.shift(); file; file = waiting.current.shift()) {
      if (chosenFiles(chat.id).length >= ATTACHMENTS_MAX) {
        waiting.current = [];
        toast(t.tooManyFiles(ATTACHMENTS_MAX));
        break;
      }
      try {
        const attachment = await parley.files.upload(file, file.name);
        keepFiles(chat.id, [...chosenFiles(chat.id), attachment]);
      } catch (error) {
        setLost((others) => [...others, { name: file.name, error }]);
      }
    }
  });
  const choose = (chosen: readonly File[]) => {
    waiting.current.push(...chosen);
    void upload.run();
  };
  const takeAway = (fileId: string) => {
    const kept = files.filter(({ id }) => id !== fileId);
    keepFiles(chat.id, kept);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another message is written about.
  useLayoutEffect(() => {
    edit.forget();
    if (about !== null) field.current?.focus();
  }, [about, isEditing]);
  useAutofocus(field);
  useHeight(field, text);

  const change = (now: string) => {
    if (writing.kind === 'edit') {
      onWriting({ ...writing, text: now });
      return;
    }
    setDraft(now);
    keepDraft(chat.id, now);
    if (now.trim() !== '') parley.typing.tell(chat.id);
  };
  const submit = () => {
    if (isEmpty || excess > 0 || upload.isBusy) return;
    const content = text.trim();
    if (writing.kind === 'edit') {
      void edit.run(writing.message, content);
      return;
    }
    const replyTo = writing.kind === 'reply' ? { replyTo: writing.message.id } : {};
    // What became of it is seen in the list, also when it fails.
    parley.messages.send(chat.id, { content, ...replyTo, attachments: files }).catch(() => undefined);
    setLost([]);
    change('');
    keepFiles(chat.id, []);
    onWriting({ kind: 'new' });
    onSent();
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !isTouch()) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape' && writing.kind !== 'new') {
      event.preventDefault();
      onWriting({ kind: 'new' });
    } else if (event.key === 'ArrowUp' && text === '' && !event.altKey) {
      const last = lastOfMine(chat.id);
      if (!last) return;
      event.preventDefault();
      onWriting({ kind: 'edit', message: last, text: last.content ?? '' });
    }
  };
  useDroppedFiles(choose);
  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0) return;
    event.preventDefault();
    choose(pasted);
  };
  const insert = (emoji: string) => {
    const { selectionStart: start = text.length, selectionEnd: end = text.length } = field.current ?? {};
    change(text.slice(0, start) + emoji + text.slice(end));
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(start + emoji.length, start + emoji.length);
    });
  };

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {edit.problem && <Problem>{edit.problem}</Problem>}
      {lost.slice(0, LOST_SHOWN).map(({ name: file, error }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two files may have one name, and none moves.
        <Problem key={at}>{t.fileProblem(file, problemText(error, t))}</Problem>
      ))}
      {lost.length > LOST_SHOWN && <Problem>{t.moreFileProblems(lost.length - LOST_SHOWN)}</Problem>}
      {writing.kind !== 'new' && <About writing={writing} onCancel={() => onWriting({ kind: 'new' })} />}
      {files.length > 0 && (
        <ul className={styles.files}>
          {files.map((file) => (
            <li key={file.id}>
              <bdi>{file.name}</bdi> <small>{sizeOf(file.bytes)}</small>
              <IconButton icon="close" label={t.removeFile(file.name)} onClick={() => takeAway(file.id)} />
            </li>
          ))}
        </ul>
      )}
      <div className={styles.line}>
        {!isEditing && <AttachButton isBusy={upload.isBusy} onChoose={choose} />}
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          aria-label={t.writeTo(name)}
          placeholder={t.message}
          enterKeyHint={isTouch() ? 'enter' : 'send'}
          value={text}
          onChange={(event) => change(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <EmojiButton onChoose={insert} />
        <button
          type="submit"
          className={styles.send}
          disabled={isEmpty || excess > 0 || edit.isBusy || upload.isBusy}
          aria-label={isEditing ? t.save : t.send}
          title={isEditing ? t.save : t.send}
        >
          <Icon name={isEditing ? 'check' : 'send'} />
        </button>
      </div>
      {excess > 0 && (
        <p className={styles.excess} role="alert">
          {t.tooLong(excess)}
        </p>
      )}
    </form>
  );
}

function lastOfMine(chatId: string): Message | undefined {
  const state = parley.store.getState();
  return linesOf(state, chatId).findLast(
    (line): line is Message =>
      !isOutgoing(line) && line.senderId === state.userId && line.kind === 'text' && line.deletedAt === null,
  );
}

/** Where there is a keyboard, one can write at once. */
function useAutofocus(field: { readonly current: HTMLTextAreaElement | null }): void {
  useEffect(() => {
    if (!isTouch() && document.querySelector('dialog[open]') === null) field.current?.focus();
  }, [field]);
}

/** Files that are let fall anywhere on the page, which would else show them in its own place. */
function useDroppedFiles(onDrop: (files: readonly File[]) => void): void {
  const latest = useRef(onDrop);
  latest.current = onDrop;
  useEffect(() => {
    const listen = new AbortController();
    const take = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      if (event.type === 'drop' && document.querySelector('dialog[open]') === null) {
        latest.current([...event.dataTransfer.files]);
      }
    };
    addEventListener('dragover', take, listen);
    addEventListener('drop', take, listen);
    return () => listen.abort();
  }, []);
}

/** The field is as high as its text, up to a bound. */
function useHeight(field: { readonly current: HTMLTextAreaElement | null }, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text gives the height.
  useLayoutEffect(() => {
    const { current: element } = field;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(HEIGHT_MAX, element.scrollHeight)}px`;
  }, [field, text]);
}

interface AboutProps {
  readonly writing: Exclude<Writing, { kind: 'new' }>;
  readonly onCancel: () => void;
}

/** The message that is replied to or edited. */
function About({ writing, onCancel }: AboutProps) {
  const t = useTexts();
  const isEdit = writing.kind === 'edit';
  return (
    <div className={styles.about}>
      <Icon name={isEdit ? 'edit' : 'reply'} />
      <div>
        <span className="visually-hidden">{isEdit ? t.editing : t.replyingTo(nameOf(writing.message.sender, t))}</span>
        <QuotedText message={writing.message} />
      </div>
      <IconButton icon="close" label={isEdit ? t.cancelEdit : t.cancelReply} onClick={onCancel} />
    </div>
  );
}

interface AttachButtonProps {
  readonly isBusy: boolean;
  readonly onChoose: (files: readonly File[]) => void;
}

function AttachButton({ isBusy, onChoose }: AttachButtonProps) {
  const t = useTexts();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton
        icon="clip"
        label={t.attach}
        aria-busy={isBusy}
        disabled={isBusy}
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t.attach}
        onChange={(event) => {
          onChoose([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}
