import { vi } from 'vitest';
import { ALL_QUEUES } from '../../../lib/engine/sqlite/sql/claim-tasks.js';
import { RUNNING_IN_QUEUE } from '../../../lib/engine/sqlite/sql/claim-turns.js';
import { CLOSE_LIMIT, CLOSE_QUEUE } from '../../../lib/engine/sqlite/sql/closed-limits.js';
import { FLOW_OF_QUEUE } from '../../../lib/engine/sqlite/sql/flow-rows.js';
import { REPLACE_TASK } from '../../../lib/engine/sqlite/sql/insert-unique-task.js';
import { DUE_KEY_LIMITS } from '../../../lib/engine/sqlite/sql/key-limits.js';
import { UNPARK_ANY, UNPARK_NEXT } from '../../../lib/engine/sqlite/sql/parked-tasks.js';
import { KeyCauses } from '../../../lib/engine/sqlite/sql/settle-keys.js';
import { ADMIT, HOLD, NEXT_HELD, TAKEN_SLOTS } from '../../../lib/engine/sqlite/sql/slots.js';
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

export const FLOW_MUTANTS: readonly FlowMutant[] = [
  // Slots of keys.
  inSql('counts what is ready and not what runs', [TAKEN_SLOTS, `IN ('available', 'running')`, `IN ('available')`]),
  inSql('counts what runs and not what is ready', [TAKEN_SLOTS, `IN ('available', 'running')`, `IN ('running')`]),
  inSql('gives out one slot too many', [TAKEN_SLOTS, 'count(*)', 'max(count(*) - 1, 0)']),
  inSql('overlooks some that are held', [NEXT_HELD, `state = 'held'`, `state = 'held' AND seq % 3 <> 0`]),
  inSql('lets go on what has lost its slot', [HOLD, `state = 'held'`, `state = 'available'`]),
  inSql('admits to no avail', [ADMIT, `state = 'available'`, `state = 'held'`]),
  {
    name: 'gives no slot back (a leaked hold)',
    make: () => void vi.spyOn(KeyCauses.prototype, 'freed').mockImplementation(() => undefined),
  },
  {
    name: 'looks for no slot where a task comes',
    make: () => void vi.spyOn(KeyCauses.prototype, 'entered').mockImplementation(() => undefined),
  },
  inSql('lets one more run in all than may', [RUNNING_IN_QUEUE, 'count(*)', 'max(count(*) - 1, 0)']),
  // Rate limits.
  inSql('counts no start', [USED_PLACES, 'sum(count)', 'sum(0)']),
  inSql('has a span that is half as long', [FORGET_STARTS, 'at <= ?', `at - ${SPAN_MS / 2} <= ?`]),
  inSql('has a span that is twice as long', [FORGET_STARTS, 'at <= ?', `at + ${SPAN_MS} <= ?`]),
  inSql('loses the place of whatever has begun', [
    TAKE_PLACES_BACK,
    'RETURNING name',
    `RETURNING 'queue:none' AS name`,
  ]),
  inSql('leaves what waits for a limit where it is', [UNPARK_NEXT, '(? + 0)', '(0 * ?)']),
  inSql('looks too late at keys that have a place', [DUE_KEY_LIMITS, 'at <= ?', `at + ${10 * MINUTE} <= ?`]),
  inSql('goes by no limit that is set at run time', [ALL_QUEUES, 'flow, flow_set', 'flow, NULL AS flow_set']),
  inSql('goes by no slots that are set at run time', [FLOW_OF_QUEUE, 'flow_set', 'NULL AS flow_set']),
  inSql('closes no queue', [CLOSE_QUEUE, 'VALUES (?, ?, ?)', 'VALUES (?, ?, 0 * ?)']),
  inSql('closes no limit', [CLOSE_LIMIT, 'VALUES (?, ?, ?)', 'VALUES (?, ?, 0 * ?)']),
  // Pauses.
  inSql('starts what is paused', [ALL_QUEUES, 'FROM tasks_pause', 'FROM tasks_pause WHERE 0']),
  inSql('leaves what was paused where it is', [UNPARK_ANY, '(? + 0)', '(0 * ?)']),
  inSql('has a task wait for a pause of the one whose place it took', [REPLACE_TASK, ', parked = NULL', '']),
  // Unique keys.
  inSql('holds a key after its task has ended', [FIND_KEY, 'tasks_task.state', `'available' AS state`]),
  inSql('lets a key go before its task has ended', [FIND_KEY, 'tasks_task.state', endedIf('running')]),
  inSql('lets a key go while its task waits', [FIND_KEY, 'tasks_task.state', endedIf('scheduled')]),
  inSql('holds a key after its task has started', [FIND_KEY, 'tasks_task.attempt', 'taken.attempt AS attempt']),
  inSql('lets a key go before its time', [FORGET_OVER, 'expires_at <= ?', `expires_at - ${2 * MINUTE} <= ?`]),
  inSql(
    'holds a key after its time',
    [FORGET_OVER, 'expires_at <= ?', `expires_at + ${60 * MINUTE} <= ?`],
    [FIND_KEY, 'taken.expires_at AS', `taken.expires_at + ${60 * MINUTE} AS`],
  ),
  inSql('leaves a key with whoever held it', [TAKE_KEY, 'SET task = excluded.task, ', 'SET ']),
];

function endedIf(state: string): string {
  return `iif(tasks_task.state = '${state}', 'completed', tasks_task.state) AS state`;
}

function inSql(name: string, ...alterations: readonly Alteration[]): FlowMutant {
  return { name, make: alterer(alterations) };
}
