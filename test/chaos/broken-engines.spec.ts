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
  readonly seconds: number;
  /** One of these is found. */
  readonly found: readonly Rule[];
}

const CASES: readonly Case[] = [
  { broken: 'no fencing', faults: ['stop'], seconds: 12, found: ['doubled', 'stale owner'] },
  { broken: 'acknowledges before the commit', faults: ['lock', 'kill'], seconds: 8, found: ['lost'] },
  { broken: 'a rescue that ignores heartbeats', faults: [], seconds: 4, found: ['lost without cause'] },
  { broken: 'claims what another worker runs', faults: [], seconds: 3, found: ['two live owners'] },
];

/** The proof that the check can fail. */
describe('an engine that is broken', () => {
  const program = useChaosProgram();

  for (const { broken, faults, seconds, found } of CASES) {
    it(`is found: ${broken}`, async () => {
      const { violations } = await runRound({
        engine: 'sqlite',
        seed: 20_261_124,
        seconds,
        tasksPerSecond: 400,
        program: program.file,
        faults,
        brokenEngine: broken,
      });
      expect(violations.map(({ rule }) => rule)).toEqual(
        expect.arrayContaining([expect.toSatisfy((rule: Rule) => found.includes(rule))]),
      );
    }, 400_000);
  }
});
