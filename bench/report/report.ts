import { LIBRARY } from '../contestants/index.js';
import type { Outcome } from '../context.js';
import { format } from './format.js';
import type { FigureResult, MeasureResult, Results } from './results.js';
import { formatTable } from './table.js';

/** Everything but the targets, as Markdown. */
export function formatReport(results: Results): string {
  return [
    formatMeasures(results),
    `### Who takes part\n\n${formatContestants(results)}`,
    `### On what\n\n${formatMachine(results)}`,
  ].join('\n\n');
}

/** A table a measure. */
export function formatMeasures(results: Results): string {
  return results.measures.map((measure) => formatMeasure(measure, results)).join('\n\n');
}

/** Each contestant's median, least and most, and its ratio to the library. */
function formatMeasure(
  { title, about, figures }: MeasureResult,
  { contestants }: Pick<Results, 'contestants'>,
): string {
  const taking = contestants.filter(({ name }) => figures.some(({ outcomes }) => outcomes[name]));
  const notes: string[] = [];
  const rows = taking.map(({ name, title: contestant }) => [
    contestant,
    ...figures.map((figure) => cell(figure, name, contestant, notes)),
  ]);
  const head = ['', ...figures.map(({ title: figure, unit }) => `${figure}, ${unit}`)];
  const legend = notes.length > 0 ? [notes.map((note, index) => `${index + 1}. ${note}`).join('\n')] : [];
  return [`### ${title}`, about, formatTable(head, rows), ...legend].join('\n\n');
}

function cell({ outcomes, unit }: FigureResult, name: string, contestant: string, notes: string[]): string {
  const outcome = outcomes[name];
  if (!outcome) return '';
  if ('failed' in outcome) {
    const note = `${contestant}: ${outcome.failed}`;
    if (!notes.includes(note)) notes.push(note);
    return `fails (${notes.indexOf(note) + 1})`;
  }
  const spread =
    outcome.least === outcome.most ? '' : ` (${format(outcome.least, unit)}–${format(outcome.most, unit)})`;
  return `${format(outcome.median, unit)}${spread}${ratioTo(outcomes[LIBRARY], outcome, name)}`;
}

/** How the contestant stands to the library: over 1 is more than the library's. */
function ratioTo(library: Outcome | undefined, outcome: { readonly median: number }, name: string): string {
  if (name === LIBRARY || !library || 'failed' in library || library.median <= 0) return '';
  const ratio = outcome.median / library.median;
  return ` · ${ratio >= 10 ? ratio.toFixed(0) : ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(1)}×`;
}

export function formatContestants({ contestants }: Results): string {
  const rows = contestants.map(({ title, versions, durability, settings }) => [title, versions, durability, settings]);
  return formatTable(['', 'versions', 'durability', 'settings'], rows);
}

export function formatMachine({ machine, settings, date }: Results): string {
  return [...machine, settings, `measured on ${date}`].map((line) => `- ${line}`).join('\n');
}
