import { describe, expect, it } from 'vitest';
import type { Rule } from './checker.js';
import { useChaosProgram } from './chaos-program.js';
import type { FaultName } from './faults.js';
import type { BrokenEngine } from './process/broken-engines.js';
import { runRound } from './round.js';

interface Case {
  readonly broken: BrokenEngine;
  /** What shows it soonest. */
  readonly faults: readonly FaultName[];
  readonly leastFaults: number;
  /** One of these is found. */
  readonly found: readonly Rule[];
}

const CASES: readonly Case[] = [
  { broken: 'no fencing', faults: ['stop'], leastFaults: 4, found: ['doubled', 'stale owner'] },
  { broken: 'acknowledges before the commit', faults: ['lock'], leastFaults: 4, found: ['lost'] },
  { broken: 'a rescue that ignores heartbeats', faults: [], leastFaults: 0, found: ['lost without cause'] },
  { broken: 'claims what another worker runs', faults: [], leastFaults: 0, found: ['two live owners'] },
];
/** Chance decides what a fault meets, so an engine may look sound for a round. */
const MOST_ROUNDS = 5;
const PATIENCE_MS = 600_000;

/** The proof that the check can fail. */
describe('an engine that is broken', () => {
  const program = useChaosProgram();

  for (const { broken, faults, leastFaults, found } of CASES) {
    it(
      `is found: ${broken}`,
      async () => {
        const seen = new Set<Rule>();
        for (let round = 0; round < MOST_ROUNDS && !found.some((rule) => seen.has(rule)); round += 1) {
          const { violations } = await runRound({
            engine: 'sqlite',
            seed: 20_261_124 + round,
            seconds: 3,
            leastFaults,
            tasksPerSecond: 400,
            producers: 1,
            program: program.file,
            faults,
            brokenEngine: broken,
            drainPatience: 4_000,
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
