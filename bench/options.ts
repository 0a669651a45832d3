import { parseArgs } from 'node:util';
import { CONTESTANTS, IN_PLACE, LIBRARY, RAW } from './contestants/index.js';
import { MEASURES } from './measures/index.js';

export interface BenchOptions {
  /** Names of measures. */
  readonly measures: readonly string[];
  /** Names of contestants, the library and the raw limit always among them. */
  readonly contestants: readonly string[];
  /** Rounds that count, after those to warm up. */
  readonly rounds: number;
  /** About how long one round of work takes. */
  readonly seconds: number;
  /** Sizes that take long: 10,000,000 tasks, and 1,000,000 for the peers too. */
  readonly full: boolean;
  /** Whether all measures and all contestants were asked for, so that the results stand for themselves. */
  readonly complete: boolean;
  /** Replace, in the results of the last whole run, those of the measures that were chosen. */
  readonly update: boolean;
  /** Put the results in the documentation. */
  readonly docs: boolean;
  /** Milliseconds that each sync to the disk takes longer than by itself. */
  readonly syncDelay: number;
  /** Sizes divided by this, to see whether everything works. */
  readonly divisor: number;
}

/** Those that always take part. */
const OWN: readonly string[] = [LIBRARY, RAW, IN_PLACE];

export const USAGE = `npm run bench [-- <words> <options>]

  <words>             measures whose name has one of the words; without any, all of them:
                      ${MEASURES.map(({ name }) => name).join(', ')}
  --peers none|all|<a,b>
                      peers beside the library and raw better-sqlite3 (default: all):
                      ${CONTESTANTS.filter(({ name }) => !OWN.includes(name))
                        .map(({ name }) => name)
                        .join(', ')}
  --rounds <number>   rounds that count, after warming up (default: 3)
  --seconds <number>  about how long a round of work takes (default: 0.5)
  --full              also with 10,000,000 finished tasks, and peers with 1,000,000 waiting
  --quick             everything at a fiftieth of its size and in one round, to see whether it works
  --sync-delay <ms>   make every sync to the disk slower, as on a volume of a cloud (Linux, with a C compiler)
  --update            put what is measured in the results of the last whole run
  --docs              measure nothing; put the results of the last whole run in docs/performance.md
`;

/** @throws Error that says what is wrong with the arguments */
export function parseOptions(args: readonly string[]): BenchOptions & { readonly help: boolean } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      peers: { type: 'string', default: 'all' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      full: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      'sync-delay': { type: 'string' },
      update: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const measures = MEASURES.map(({ name }) => name).filter(
    (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  );
  for (const word of positionals) {
    if (!MEASURES.some(({ name }) => name.includes(word))) throw new Error(`No measure has "${word}" in its name`);
  }
  const syncDelay = values['sync-delay'] === undefined ? 0 : positive(values['sync-delay'], 'sync-delay');
  if (syncDelay > 0 && values.update)
    throw new Error('The results of the last whole run are those of the disk as it is');
  return {
    measures,
    syncDelay,
    contestants: chosen(values.peers),
    rounds: positive(values.rounds ?? (values.quick ? '1' : '3'), 'rounds'),
    seconds: positive(values.seconds ?? (values.quick ? '0.05' : '0.5'), 'seconds'),
    full: values.full,
    complete: measures.length === MEASURES.length && values.peers === 'all' && !values.quick && syncDelay === 0,
    update: values.update,
    docs: values.docs,
    divisor: values.quick ? 50 : 1,
    help: values.help,
  };
}

function chosen(peers: string): string[] {
  const all = CONTESTANTS.map(({ name }) => name);
  if (peers === 'all') return all;
  const wanted = peers === 'none' ? [] : peers.split(',').map((name) => name.trim());
  for (const name of wanted) if (!all.includes(name)) throw new Error(`There is no peer "${name}"`);
  return all.filter((name) => OWN.includes(name) || wanted.includes(name));
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} takes a number over 0`);
  return value;
}
