import { describe, expect, it } from 'vitest';
import type { Rule } from './checker.js';
import { useChaosProgram } from './chaos-program.js';
import type { FaultName } from './faults.js';
import type { BrokenEngine } from './process/broken-engines.js';
import { runRound } from './round.js';

interface Case {
  readonly broken: BrokenEngine;
  /** One of these is found. */
  readonly found: readonly Rule[];
  /** What shows it soonest, and how often it is done at least. */
  readonly faults?: { readonly names: readonly FaultName[]; readonly least: number };
  /** For how many seconds the round goes on after them. */
  readonly calmSeconds?: number;
  /** Two, where one alone would not show it. */
  readonly workers?: 2;
  /** It shows only on a machine that is quiet, or takes minutes: it is tried where `BROKEN_ENGINES=all` is set. */
  readonly onDemand?: true;
}

const often = (name: FaultName, least: number): Case['faults'] => ({ names: [name], least });

const CASES: readonly Case[] = [
  { broken: 'no fencing', found: ['doubled', 'stale owner'], faults: often('stop', 4), workers: 2 },
  { broken: 'acknowledges before the commit', found: ['lost'], faults: often('lock', 4), workers: 2 },
  { broken: 'a rescue that ignores heartbeats', found: ['lost without cause'], workers: 2 },
  { broken: 'claims what another worker runs', found: ['two live owners'], workers: 2 },
  { broken: 'counts a lost attempt against the retries', found: ['retries'], faults: often('kill', 6), workers: 2 },
  { broken: 'forgets a retry', found: ['unfinished'] },
  { broken: 'runs every delayed task at once', found: ['early'] },
  { broken: 'promotes only what is five seconds late', found: ['order', 'late'], calmSeconds: 6, onDemand: true },
  { broken: 'has a schedule stop after its first tick', found: ['cron'], calmSeconds: 6 },
  { broken: 'gives every ninth task the params of another', found: ['altered'] },
  { broken: 'cancels what nobody asked it to', found: ['cancelled'], onDemand: true },
  { broken: 'fails a task that was lost once', found: ['poison'], faults: often('kill', 4), workers: 2 },
  {
    broken: 'never gives up a task',
    found: ['poison', 'unfinished'],
    faults: often('poison', 1),
    workers: 2,
    onDemand: true,
  },
  { broken: 'deletes what is still to be kept', found: ['lost'] },
  { broken: 'never deletes anything', found: ['retention'], onDemand: true },
  { broken: 'delivers from a paused queue', found: ['paused'], faults: often('pause', 1), onDemand: true },
  { broken: 'serves in the order of arrival, whatever the priority', found: ['order'], onDemand: true },
  {
    broken: 'claims nothing more after a lock that lasted',
    found: ['late', 'order'],
    faults: often('lock', 1),
    calmSeconds: 7,
    onDemand: true,
  },
];
/** Chance decides what a fault meets, so an engine may look sound for a round. */
const MAX_ROUNDS = 5;
const PATIENCE_MS = 600_000;

/** The proof that the check can fail. */
describe('an engine that is broken', () => {
  const program = useChaosProgram();

  const wanted = CASES.filter(({ onDemand }) => !onDemand || process.env.BROKEN_ENGINES === 'all');
  for (const { broken, found, faults, calmSeconds = 0, workers = 1 } of wanted) {
    it(
      `is found: ${broken}`,
      async () => {
        const seen = new Set<Rule>();
        for (let round = 0; round < MAX_ROUNDS && !found.some((rule) => seen.has(rule)); round += 1) {
          const { violations } = await runRound({
            engine: 'sqlite',
            seed: 20_261_124 + round,
            seconds: 3,
            leastFaults: faults?.least ?? 0,
            calmSeconds,
            tasksPerSecond: 400,
            producers: 1,
            workers,
            drainers: 1,
            program: program.file,
            faults: faults?.names ?? [],
            brokenEngine: broken,
            drainPatience: 20_000,
          });
          for (const { rule } of violations) seen.add(rule);
        }
        expect(
          [...seen].some((rule) => found.includes(rule)),
          `found: ${[...seen].join(', ')}`,
        ).toBe(true);
      },
      PATIENCE_MS,
    );
  }
});
