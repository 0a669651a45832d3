import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextWith, MINUTE, newTask, START } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock } from '../../../clock/index.js';
import type { TaskState, TaskTraits } from '../../../contract/index.js';
import { insertTasks } from '../sql/insert-tasks.js';
import type { Connection } from '../store/connection.js';
import { openConnection } from '../store/open-connection.js';
import type { Committed } from '../store/transaction.js';
import { Writer } from '../store/writer.js';
import type { DueDuty } from './due-duty.js';
import { Lapser } from './lapser.js';
import { Promoter } from './promoter.js';
import { WorkflowSettler } from './workflow-settler.js';

/** More than one transaction takes of any of them. */
const MANY = 501;
const NOTHING = { dueAt: Infinity, lapseAt: Infinity, settleAt: Infinity } as Committed;

let folder: string;
let clock: ManualClock;
let errors: string[];
let connection: Connection;
let writer: Writer;
/** Transactions that the duty began. */
let writes: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-due-'));
  clock = new ManualClock(START);
  errors = [];
  connection = await openConnection(join(folder, 'tasks.db'), 'normal');
  writer = new Writer(connection, null, context().logger, 10_000);
  const write = writer.write.bind(writer);
  writer.write = (operation) => {
    writes += 1;
    return write(operation);
  };
});
afterEach(async () => {
  await writer.close();
  await connection.close();
  rmSync(folder, { recursive: true, force: true });
});

function context() {
  const error = (message: string): void => void errors.push(message);
  return contextWith(clock, { logger: { log: () => undefined, warn: () => undefined, error } });
}

async function store(many: number, runAt: number, traits?: TaskTraits): Promise<void> {
  const tasks = Array.from({ length: many }, () => newTask(clock, { runAt, ...(traits && { traits }) }));
  await writer.write((transaction) => insertTasks(transaction, tasks, clock.now()));
  writes = 0;
}

function count(state: TaskState): number {
  const counted = connection.database.prepare('SELECT coalesce(sum(count), 0) FROM tasks_count WHERE state = ?');
  return counted.pluck().get(state) as number;
}

describe('A duty about rows that come due', () => {
  const opened: DueDuty[] = [];
  afterEach(async () => {
    for (const duty of opened.splice(0)) await duty.stop();
  });

  async function begin(duty: DueDuty): Promise<DueDuty> {
    opened.push(duty);
    await duty.open();
    return duty;
  }

  it('sleeps where there is none, and writes nothing', async () => {
    await store(0, START);
    const duty = await begin(new Promoter(context(), connection, writer));
    expect(duty.isBusy).toBe(false);
    expect(clock.nextAt).toBeNull();
    duty.expect(START);
    await duty.rest();
    expect(clock.nextAt).toBeNull();
    expect(writes).toBe(0);
  });

  it('sleeps until the first is due, and then until the next', async () => {
    await store(1, START + MINUTE);
    await store(1, START + 3 * MINUTE);
    const duty = await begin(new Promoter(context(), connection, writer));
    expect(clock.nextAt).toBe(START + MINUTE);
    // A round before that finds nothing to do.
    duty.expect(START);
    await duty.rest();
    expect(writes).toBe(0);
    expect(clock.nextAt).toBe(START + MINUTE);
    clock.advance(MINUTE);
    await duty.rest();
    expect([writes, count('available'), count('scheduled')]).toEqual([1, 1, 1]);
    expect(clock.nextAt).toBe(START + 3 * MINUTE);
  });

  it('does what is due when it is opened, a batch a transaction', async () => {
    await store(MANY, START + MINUTE);
    clock.advance(MINUTE);
    const duty = await begin(new Promoter(context(), connection, writer));
    await duty.rest();
    expect([writes, count('available'), count('scheduled')]).toEqual([2, MANY, 0]);
    expect(clock.nextAt).toBeNull();
  });

  it('tries again where it could not look when it was opened, and says so', async () => {
    await store(1, START);
    const read = connection.read.bind(connection);
    let faults = 2;
    connection.read = (query) => (faults-- > 0 ? Promise.reject(new Error('the disk is away')) : read(query));
    const duty = await begin(new Lapser(context(), connection, writer));
    await duty.rest();
    expect(errors).toEqual(['Lapser: the disk is away']);
    expect(clock.nextAt).toBe(START + 1_000);
  });

  it('ends what has lapsed, a batch a transaction, and is woken by what may lapse alone', async () => {
    await store(MANY, START + MINUTE, { startBy: START + 10 });
    const duty = await begin(new Lapser(context(), connection, writer));
    expect(clock.nextAt).toBe(START + 10);
    clock.advance(10);
    await duty.rest();
    expect([writes, count('cancelled'), count('scheduled')]).toEqual([2, MANY, 0]);
    duty.committed({ ...NOTHING, dueAt: START, settleAt: START });
    expect(duty.isBusy).toBe(false);
    expect(clock.nextAt).toBeNull();
    duty.committed({ ...NOTHING, lapseAt: START + 30 });
    expect(clock.nextAt).toBe(START + 30);
  });

  it('has workflows go on, and is woken by what is to be settled alone', async () => {
    await store(0, START);
    const duty = await begin(new WorkflowSettler(context(), connection, writer));
    expect(clock.nextAt).toBeNull();
    duty.committed({ ...NOTHING, dueAt: START, lapseAt: START });
    expect(duty.isBusy).toBe(false);
    expect(clock.nextAt).toBeNull();
    duty.committed({ ...NOTHING, settleAt: START + 30 });
    expect(clock.nextAt).toBe(START + 30);
    duty.committed({ ...NOTHING, settleAt: 0 });
    expect(duty.isBusy).toBe(true);
    await until('its round', () => !duty.isBusy);
    expect(writes).toBe(0);
  });
});
