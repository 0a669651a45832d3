import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../peers/folder.js';
import { formatContestants, formatMachine, formatMeasures } from './report.js';
import type { Results } from './results.js';
import { formatTargets } from './targets.js';

const PAGE = join(ROOT, 'docs', 'performance.md');

/** Puts results in the page of documentation, between the marks that it has for them. */
export function writeDocs(results: Results): void {
  let page = readFileSync(PAGE, 'utf8');
  page = between(page, 'targets', formatTargets(results));
  page = between(page, 'results', formatMeasures(results));
  page = between(page, 'contestants', formatContestants(results));
  page = between(page, 'machine', formatMachine(results));
  writeFileSync(PAGE, page);
}

function between(page: string, mark: string, text: string): string {
  const [open, close] = [`<!-- ${mark} of npm run bench -->`, `<!-- end of ${mark} -->`];
  const [start, end] = [page.indexOf(open), page.indexOf(close)];
  if (start < 0 || end < start)
    throw new Error(`docs/performance.md has no place for the ${mark}: "${open}" … "${close}"`);
  return `${page.slice(0, start + open.length)}\n\n${text}\n\n${page.slice(end)}`;
}
