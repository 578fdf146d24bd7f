/** Marks of Markdown that say nothing where there is one line. */
const MARKS = /```\w*|\*\*|~~|`|^(#{1,6}|>+) /gm;

/** How a message begins, for where there is room for one line only. */
export const oneLine = (content: string): string => content.replace(MARKS, '').trim() || content;
