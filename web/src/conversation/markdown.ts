import createDOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true }).disable([
  'image',
  'html_inline',
  'html_block',
]);
markdown.linkify.set({ fuzzyEmail: false });

const purify = createDOMPurify(window);

const TAGS = ['p', 'br', 'strong', 'em', 's', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a', 'hr'];
const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
const TABLES = ['table', 'thead', 'tbody', 'tr', 'th', 'td'];
const PURIFY = {
  ALLOWED_TAGS: [...TAGS, ...HEADINGS, ...TABLES],
  ALLOWED_ATTR: ['href', 'start'],
  ALLOWED_URI_REGEXP: /^(https?|mailto):/i,
  RETURN_DOM_FRAGMENT: true,
} as const;

/** Markdown as nodes: no HTML of the writer's, no pictures from elsewhere, and of every link one sees where it leads. */
export function renderMarkdown(content: string): DocumentFragment {
  const fragment = purify.sanitize(markdown.render(content), {
    ...PURIFY,
    ALLOWED_TAGS: [...PURIFY.ALLOWED_TAGS],
    ALLOWED_ATTR: [...PURIFY.ALLOWED_ATTR],
  });
  for (const link of fragment.querySelectorAll('a')) showWhereItLeads(link);
  for (const block of fragment.children) block.setAttribute('dir', 'auto');
  for (const wide of fragment.querySelectorAll('pre, table')) wide.setAttribute('tabindex', '0'); // it may scroll sideways
  for (const heading of fragment.querySelectorAll(HEADINGS.join())) demote(heading);
  return fragment;
}

function showWhereItLeads(link: HTMLAnchorElement): void {
  if (!link.hasAttribute('href')) return;
  link.target = '_blank';
  link.rel = 'noopener noreferrer nofollow ugc';
  link.dir = 'auto';
  const { host } = link;
  if (host === '' || link.textContent.includes(host)) return;
  const shown = document.createElement('bdi');
  shown.className = 'link-host';
  shown.textContent = ` (${host})`;
  link.append(shown);
}

/** A heading within a message is none of the page. */
function demote(heading: Element): void {
  const paragraph = document.createElement('p');
  const strong = document.createElement('strong');
  strong.append(...heading.childNodes);
  paragraph.append(strong);
  paragraph.dir = 'auto';
  heading.replaceWith(paragraph);
}
