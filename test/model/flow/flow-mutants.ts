import { vi } from 'vitest';
import { ALL_QUEUES } from '../../../lib/engine/sqlite/sql/claim-tasks.js';
import { RUNNING_IN_QUEUE } from '../../../lib/engine/sqlite/sql/claim-turns.js';
import { CLOSE_LIMIT, CLOSE_QUEUE } from '../../../lib/engine/sqlite/sql/closed-limits.js';
import { FLOW_OF_QUEUE } from '../../../lib/engine/sqlite/sql/flow-rows.js';
import { REPLACE_TASK } from '../../../lib/engine/sqlite/sql/insert-unique-task.js';
import { DUE_KEY_LIMITS } from '../../../lib/engine/sqlite/sql/key-limits.js';
import { UNPARK_ANY, UNPARK_NEXT } from '../../../lib/engine/sqlite/sql/parked-tasks.js';
import { KeyCauses } from '../../../lib/engine/sqlite/sql/settle-keys.js';
import { FIRST_HELD_OF_KEYS } from '../../../lib/engine/sqlite/sql/admit-one-of-each.js';
import { TAKEN_SLOTS } from '../../../lib/engine/sqlite/sql/slots.js';
import { FORGET_STARTS, TAKE_PLACES_BACK, USED_PLACES } from '../../../lib/engine/sqlite/sql/start-log.js';
import { FIND_KEY, FORGET_OVER, TAKE_KEY } from '../../../lib/engine/sqlite/sql/unique-keys.js';
import type { Alteration } from '../../support/alterations.js';
import { alterer } from '../../support/mutant-statements.js';
import { MINUTE } from '../../conformance/harness.js';
import { SPAN_MS } from './flow-setup.js';

/** An engine that breaks one rule of limits, pauses or unique keys. */
export interface FlowMutant {
  readonly name: string;
  /** Makes the fault; it lasts until `vi.restoreAllMocks()`. */
  make(): void;
}

/** Those that are looked for in each run. Of slots of keys, `test/flow/keyed-history.spec.ts` has more. */
export const FLOW_MUTANTS: readonly FlowMutant[] = [
  {
    name: 'gives no slot of a key back (a leaked hold)',
    make: () => void vi.spyOn(KeyCauses.prototype, 'freed').mockImplementation(() => undefined),
  },
  inSql('has a span that is half as long', [FORGET_STARTS, 'at <= ?', `at - ${SPAN_MS / 2} <= ?`]),
  inSql('leaves what waits for a limit where it is', [UNPARK_NEXT, '(? + 0)', '(0 * ?)']),
  inSql('goes by no limit that is set at run time', [ALL_QUEUES, 'flow, flow_set', 'flow, NULL AS flow_set']),
  inSql('starts what is paused', [ALL_QUEUES, 'FROM tasks_pause', 'FROM tasks_pause WHERE 0']),
  inSql('leaves what was paused where it is', [UNPARK_ANY, '(? + 0)', '(0 * ?)']),
  inSql('holds a unique key after its task has ended', [FIND_KEY, 'tasks_task.state', `'available' AS state`]),
  inSql('lets a unique key go while its task waits', [FIND_KEY, 'tasks_task.state', endedIf('scheduled')]),
  inSql('holds a unique key after its task has started', [FIND_KEY, 'tasks_task.attempt', 'taken.attempt AS attempt']),
];

/** Those that fewer histories find: they are looked for where a run is to be thorough. */
export const RARE_FLOW_MUTANTS: readonly FlowMutant[] = [
  {
    name: 'looks for no slot of a key where a task comes',
    make: () => void vi.spyOn(KeyCauses.prototype, 'entered').mockImplementation(() => undefined),
  },
  inSql(
    'gives out one slot of a key too many',
    [TAKEN_SLOTS, 'count(*)', 'max(count(*) - 1, 0)'],
    [FIRST_HELD_OF_KEYS, 'count(*)', 'max(count(*) - 1, 0)'],
  ),
  inSql('goes by no slots that are set at run time', [FLOW_OF_QUEUE, 'flow_set', 'NULL AS flow_set']),
  inSql('lets one more run in all than may', [RUNNING_IN_QUEUE, 'count(*)', 'max(count(*) - 1, 0)']),
  inSql('counts no start', [USED_PLACES, 'sum(count)', 'sum(0)']),
  inSql('has a span that is twice as long', [FORGET_STARTS, 'at <= ?', `at + ${SPAN_MS} <= ?`]),
  inSql('loses the place of whatever has begun', [
    TAKE_PLACES_BACK,
    'RETURNING name',
    `RETURNING 'queue:none' AS name`,
  ]),
  inSql('looks too late at keys that have a place', [DUE_KEY_LIMITS, 'at <= ?', `at + ${10 * MINUTE} <= ?`]),
  inSql('closes no queue', [CLOSE_QUEUE, 'VALUES (?, ?, ?)', 'VALUES (?, ?, 0 * ?)']),
  inSql('closes no limit', [CLOSE_LIMIT, 'VALUES (?, ?, ?)', 'VALUES (?, ?, 0 * ?)']),
  inSql('has a task wait for a pause of the one whose place it took', [REPLACE_TASK, ', parked = NULL', '']),
  inSql('lets a unique key go while its task runs', [FIND_KEY, 'tasks_task.state', endedIf('running')]),
  inSql('lets a unique key go before its time', [FORGET_OVER, 'expires_at <= ?', `expires_at - ${2 * MINUTE} <= ?`]),
  inSql(
    'holds a unique key after its time',
    [FORGET_OVER, 'expires_at <= ?', `expires_at + ${60 * MINUTE} <= ?`],
    [FIND_KEY, 'taken.expires_at AS', `taken.expires_at + ${60 * MINUTE} AS`],
  ),
  inSql('leaves a unique key with whoever held it', [TAKE_KEY, 'SET task = excluded.task, ', 'SET ']),
];

function endedIf(state: string): string {
  return `iif(tasks_task.state = '${state}', 'completed', tasks_task.state) AS state`;
}

function inSql(name: string, ...alterations: readonly Alteration[]): FlowMutant {
  return { name, make: alterer(alterations) };
}
