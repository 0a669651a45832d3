import Database from 'better-sqlite3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ADMIT_ALL, FIRST_HELD_OF_KEYS } from '../../lib/engine/sqlite/sql/admit-one-of-each.js';
import { USED_PLACES } from '../../lib/engine/sqlite/sql/start-log.js';
import { ADMIT, HOLD, NEXT_HELD, TAKEN_SLOTS } from '../../lib/engine/sqlite/sql/slots.js';
import { KeyCauses } from '../../lib/engine/sqlite/sql/settle-keys.js';
import { type Alteration, alteredStatements } from '../support/alterations.js';
import { BrokenRule, runKeyedHistory } from './keyed-history.js';

const HISTORIES = Number(process.env['KEYED_HISTORIES'] ?? 6);
/** Of which the first one that finds an engine to be wrong is the last. */
const MOST_HISTORIES = 10 * HISTORIES;
const STEPS = 60;

describe('Slots by key, whatever happens to their tasks', () => {
  it('are never more than there are, and none is free while a task waits for it', async () => {
    for (let seed = 1; seed <= HISTORIES; seed += 1) await runKeyedHistory(seed, STEPS);
  });
});

describe('the histories find an engine that', () => {
  afterEach(() => vi.restoreAllMocks());

  const MUTANTS: ReadonlyArray<readonly [what: string, make: () => void]> = [
    [
      'counts what is ready and not what runs',
      altered([TAKEN_SLOTS, `IN ('available', 'running')`, `IN ('available')`]),
    ],
    ['counts what runs and not what is ready', altered([TAKEN_SLOTS, `IN ('available', 'running')`, `IN ('running')`])],
    ['gives out one slot too many', altered([TAKEN_SLOTS, 'count(*)', 'max(count(*) - 1, 0)'])],
    ['overlooks some that are held', altered([NEXT_HELD, `state = 'held'`, `state = 'held' AND seq % 3 <> 0`])],
    ['lets go on what has lost its slot', altered([HOLD, `state = 'held'`, `state = 'available'`])],
    ['admits to no avail', altered([ADMIT, `state = 'available'`, `state = 'held'`])],
    [
      'counts what runs and not what is ready, of many keys together',
      altered([FIRST_HELD_OF_KEYS, `IN ('available', 'running')`, `IN ('running')`]),
    ],
    [
      'gives out one slot too many, of many keys together',
      altered([FIRST_HELD_OF_KEYS, 'count(*)', 'max(count(*) - 1, 0)']),
    ],
    ['admits to no avail, of many keys together', altered([ADMIT_ALL, `state = 'available'`, `state = 'held'`])],
    ['counts no start', altered([USED_PLACES, 'sum(count)', 'sum(0)'])],
    ['gives no slot back', () => void vi.spyOn(KeyCauses.prototype, 'freed').mockImplementation(() => undefined)],
    [
      'looks for no slot where a task comes',
      () => void vi.spyOn(KeyCauses.prototype, 'entered').mockImplementation(() => undefined),
    ],
  ];

  it.each(MUTANTS)('%s', async (_what, make) => {
    make();
    const finding = async (): Promise<void> => {
      for (let seed = 1; seed <= MOST_HISTORIES; seed += 1) await runKeyedHistory(seed, STEPS);
    };
    await expect(finding()).rejects.toThrow(BrokenRule);
  });
});

function altered(...alterations: readonly Alteration[]): () => void {
  const statements = alteredStatements(alterations);
  return () => {
    const { prototype } = Database as unknown as { prototype: Database.Database };
    const prepare = prototype.prepare as (this: Database.Database, sql: string) => Database.Statement;
    vi.spyOn(prototype, 'prepare').mockImplementation(function (this: Database.Database, sql: string) {
      return prepare.call(this, statements.get(sql) ?? sql);
    });
  };
}
