// Checks that links between the Markdown pages of this repository lead somewhere: to a file, and to a heading in it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const LINK = /\]\(([^)\s]+)\)/g;
const CODE = /```.*?```|`[^`\n]*`/gs;

const prose = (page) =>
  readFileSync(path.join(root, page), 'utf8').replaceAll(CODE, (code) => code.replaceAll(/[[\]()#]/g, ''));

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page) {
  const headings = prose(page).matchAll(/^#+ (.*)$/gm);
  return new Set(Array.from(headings, ([, text]) => slug(text)));
}

function slug(heading) {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');
}

function problem(page, link) {
  if (/^[a-z]+:/.test(link)) return null;
  const [file, anchor] = link.split('#');
  const target = file ? path.join(path.dirname(page), file) : page;
  if (!existsSync(path.join(root, target))) return `there is no ${target}`;
  if (anchor && target.endsWith('.md') && !anchors(target).has(anchor)) return `${target} has no heading #${anchor}`;
  return null;
}

const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
const pages = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
let links = 0;
for (const page of pages) {
  for (const [, link] of prose(page).matchAll(LINK)) {
    links += 1;
    const wrong = problem(page, link);
    if (!wrong) continue;
    console.error(`${page}: ${link}: ${wrong}`);
    process.exitCode = 1;
  }
}
console.log(`Checked ${links} links on ${pages.length} pages.`);
