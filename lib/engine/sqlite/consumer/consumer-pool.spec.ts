import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { until } from '../../../../test/support/until.js';
import type { ConsumeOptions } from '../../port/index.js';
import type { Registration } from '../process/registration.js';
import { setPaused } from '../sql/pause-queue.js';
import { addPause, dropPause } from '../sql/pause-rows.js';
import type { Committed } from '../store/transaction.js';
import { HeldTask } from './completer.js';
import { ConsumerPool } from './consumer-pool.js';
import type { PoolConsumer } from './pool-consumer.js';

const NOTHING: Committed = {
  available: new Set(),
  paused: new Set(),
  dueAt: Infinity,
  lapseAt: Infinity,
  settleAt: Infinity,
  cancelRequested: false,
  touched: new Map(),
};

/** A consumer that keeps what it is given, and has as much room as it is told. */
class Keeping implements PoolConsumer {
  hungry = true;
  claimsAhead = false;
  paused = false;
  holdsAhead = false;
  size: number;
  readonly tasks: HeldTask[] = [];
  readonly options: ConsumeOptions;
  pauses = 0;

  constructor(
    readonly queue: string,
    options: Partial<ConsumeOptions> = {},
  ) {
    this.options = { concurrency: 2, priority: 0, rateLimit: null, ...options };
    this.size = this.options.concurrency;
  }

  demand(): number {
    return this.room;
  }

  get room(): number {
    return this.size - this.tasks.length;
  }

  resize(size: number): void {
    this.size = size;
  }

  deliver(tasks: readonly HeldTask[]): void {
    this.tasks.push(...tasks);
  }

  pause(): void {
    this.pauses += 1;
  }

  *held(): Iterable<HeldTask> {
    yield* this.tasks;
  }
}

describe('The consumers of a process', () => {
  let site: DutySite;
  let pool: ConsumerPool;
  let registered: boolean;
  let id: string;
  let notes: string[];

  beforeEach(async () => {
    site = await DutySite.open();
    registered = true;
    id = 'self';
    notes = [];
    const registration = {
      get id() {
        return id;
      },
      starts: {
        note: (seq: number, attempt: number) => notes.push(`begun ${seq}:${attempt}`),
        release: (place: number) => void notes.push(`stored ${place}`),
        close: () => undefined,
      },
      stands: () => registered,
      ensure: () => {
        if (registered) return true;
        registered = true;
        id = 'self anew';
        return false;
      },
    };
    pool = new ConsumerPool(
      site.context(),
      site.connection,
      site.writer,
      registration as unknown as Registration,
      MINUTE,
      3,
    );
    site.writer.listeners.add(pool);
  });
  afterEach(() => site.close());

  async function add(queue: string, options: Partial<ConsumeOptions> = {}): Promise<Keeping> {
    const consumer = new Keeping(queue, options);
    pool.add(consumer);
    await quiet();
    return consumer;
  }

  /** Nothing is being claimed, or about to be. */
  async function quiet(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      await pool.fetched();
      await new Promise(setImmediate);
    }
  }

  const store = async (many: number, queue = 'default'): Promise<void> => {
    await site.store(many, { queue });
    await quiet();
  };

  it('claim what is there and what comes, as far as there is room', async () => {
    expect(pool.isEmpty).toBe(true);
    await store(3);
    const consumer = await add('default');
    expect(pool.isEmpty).toBe(false);
    expect(consumer.tasks.map(({ task }) => [task.attempt, task.worker])).toEqual([
      [1, 'self'],
      [1, 'self'],
    ]);
    const before = site.writes;
    pool.wake('default');
    await quiet();
    expect(site.writes).toBe(before); // no room
    consumer.size = 4;
    pool.wake('default');
    await quiet();
    expect(consumer.tasks).toHaveLength(3);
    await store(1);
    expect(consumer.tasks).toHaveLength(4);
  });

  it('claim for all of them by one write, and are asked for one at a time', async () => {
    const [one, other] = [await add('default'), await add('other')];
    await site.store(1);
    await site.store(1, { queue: 'other' });
    await quiet();
    site.writes = 0;
    one.size = other.size = 5;
    one.hungry = other.hungry = true;
    pool.fetch();
    pool.fetch();
    pool.wake(null);
    await quiet();
    expect(site.writes).toBe(1);
    expect([one.tasks.length, other.tasks.length]).toEqual([1, 1]);
  });

  it('are woken by a commit that has something for them, and not by others', async () => {
    const [one, other] = [await add('default'), await add('other')];
    one.hungry = other.hungry = false;
    site.writes = 0;
    pool.committed({ ...NOTHING, available: new Set(['elsewhere']) });
    await quiet();
    expect([one.hungry, other.hungry, site.writes]).toEqual([false, false, 0]);
    pool.committed({ ...NOTHING, available: new Set(['other']) });
    expect([one.hungry, other.hungry]).toEqual([false, true]);
    await quiet();
    expect(site.writes).toBe(1);
    pool.committed({ ...NOTHING, paused: new Set(['default']) });
    expect([one.pauses, other.pauses]).toEqual([1, 0]);
  });

  it('are served by their priority', async () => {
    const order: string[] = [];
    for (const [queue, priority] of [
      ['low', 1],
      ['high', 9],
      ['middle', 5],
    ] as const) {
      const consumer = await add(queue, { priority });
      const { deliver } = consumer;
      consumer.deliver = (tasks) => {
        order.push(queue);
        deliver.call(consumer, tasks);
      };
    }
    await site.writer.write((transaction) => {
      for (const queue of ['low', 'high', 'middle']) setPaused(transaction, queue, START);
    });
    for (const queue of ['low', 'middle', 'high']) await store(1, queue);
    expect(order).toEqual([]);
    await site.writer.write((transaction) => {
      for (const queue of ['low', 'high', 'middle']) setPaused(transaction, queue, null);
    });
    await quiet();
    expect(order).toEqual(['high', 'middle', 'low']);
  });

  it('have as many workers as was set, else as their options say', async () => {
    const [one, other] = [await add('default'), await add('other', { concurrency: 7 })];
    expect(pool.resize(new Map([['default', 2]]))).toEqual([]);
    expect(pool.resize(new Map([['default', 5]])).map(({ queue, size }) => [queue, size])).toEqual([['default', 5]]);
    expect([one.size, other.size]).toEqual([5, 7]);
    expect(pool.resize(new Map([['other', 1]])).map(({ queue }) => queue)).toEqual(['default', 'other']);
    expect([one.size, other.size]).toEqual([2, 1]);
  });

  it('are claimed for no more once they are forgotten', async () => {
    const [one, other] = [await add('default'), await add('default')];
    pool.forget(one);
    pool.forget(one);
    await store(3);
    expect([one.tasks.length, other.tasks.length]).toEqual([0, 2]);
    pool.forget(other);
    expect(pool.isEmpty).toBe(true);
  });

  it('are claimed for again when a rate limit lets the next through', async () => {
    const consumer = await add('default', { concurrency: 5, rateLimit: { max: 2, per: MINUTE } });
    await store(4);
    expect(consumer.tasks).toHaveLength(2);
    for (const running of consumer.tasks) pool.called(running);
    expect(site.clock.nextAt).toBe(START + MINUTE);
    site.clock.advance(MINUTE);
    await until('the others', () => consumer.tasks.length === 4);
  });

  it('are claimed for again a second after the store refused, and that is said', async () => {
    await store(1);
    const { write } = site.writer;
    let refusals = 1;
    site.writer.write = (operation) =>
      refusals-- > 0 ? Promise.reject(new Error('the disk is full')) : write(operation);
    const consumer = await add('default');
    await until('a word', () => site.errors.length > 0);
    await until('the task', () => consumer.tasks.length === 1);
    expect(site.errors).toEqual(['Cannot claim tasks, trying again: the disk is full']);
  });

  it('say nothing of a claim that came too late, when the store was closed', async () => {
    await site.writer.close();
    await add('default');
    expect(site.errors).toEqual([]);
  });

  it('are given what a claim found, by the time that it is through', async () => {
    const consumer = await add('default');
    site.writer.listeners.delete(pool);
    await site.store(1);
    consumer.hungry = true;
    pool.fetch();
    expect(consumer.tasks).toEqual([]);
    await pool.fetched();
    expect(consumer.tasks).toHaveLength(1);
    // Nothing limits them, and so nothing is waited for.
    expect(site.clock.nextAt).toBeNull();
  });

  it('are claimed for alone that may find something', async () => {
    const [one, other] = [await add('default'), await add('other')];
    site.writer.listeners.delete(pool);
    await site.store(1);
    await site.store(1, { queue: 'other' });
    one.hungry = true;
    other.hungry = false;
    pool.fetch();
    await quiet();
    expect([one.tasks.length, other.tasks.length]).toEqual([1, 0]);
  });

  it('are claimed for once more where the transaction failed for the fault of another', async () => {
    const consumer = await add('default');
    site.writer.listeners.delete(pool);
    await site.store(1);
    consumer.hungry = true;
    pool.fetch();
    const spoilt = site.writer.write(() => {
      throw new Error('on purpose');
    });
    await expect(spoilt).rejects.toThrow('on purpose');
    await quiet();
    expect(consumer.tasks).toHaveLength(1);
  });

  it('are claimed for again where what was found has made room', async () => {
    const [one] = [await add('default'), await add('other')];
    const { deliver } = one;
    one.deliver = (tasks) => {
      one.size += tasks.length;
      deliver.call(one, tasks);
    };
    await store(5);
    await until('all of them', () => one.tasks.length === 5);
  });

  it('have stored what their tasks report', async () => {
    const consumer = await add('default');
    await store(1);
    consumer.tasks[0]!.log('a');
    const logs = site.connection.database.prepare('SELECT message FROM tasks_log').pluck();
    await until('the log', () => logs.all().length > 0);
    expect(logs.all()).toEqual(['a']);
  });

  it('write nothing more of a start whose attempt has ended', async () => {
    const consumer = await add('default', { rateLimit: { max: 9, per: MINUTE } });
    await store(2);
    const [ends, goesOn] = consumer.tasks as [HeldTask, HeldTask];
    site.writer.listeners.delete(pool);
    site.writes = 0;
    ends.handedOver();
    ends.startedAt = START;
    await new Promise<void>((resolve) => {
      pool.settle(ends, { kind: 'completed', keepFor: null, maxAttempts: 1 }, resolve);
    });
    // Comes later than a start would.
    goesOn.log('a');
    const logs = site.connection.database.prepare('SELECT message FROM tasks_log').pluck();
    await until('the log', () => logs.all().length > 0);
    expect(site.writes).toBe(2);
  });

  it('note which attempts begin under their name, and let go of the note when the end is stored', async () => {
    const consumer = await add('default');
    await store(2);
    const [first, second] = consumer.tasks as [HeldTask, HeldTask];
    pool.begin(first);
    expect(notes).toEqual(['begun 1:1']);
    const stored = new Promise<void>((resolve) => {
      pool.settle(first, { kind: 'completed', keepFor: null, maxAttempts: 1 }, resolve);
    });
    await stored;
    expect(notes).toEqual(['begun 1:1', 'stored 1']);
    id = 'self anew';
    pool.begin(second);
    expect(notes).toHaveLength(2);
    expect(second.begun).toBeNull();
    await new Promise<void>((resolve) => pool.settle(second, { kind: 'released', maxAttempts: 1 }, resolve));
    expect(notes).toHaveLength(2);
  });

  it('abort what was cancelled, in this process or another, and nothing else', async () => {
    const consumer = await add('default', { concurrency: 3 });
    await store(3);
    const aborted = () => consumer.tasks.map(({ aborted: by }) => by?.reason ?? null);
    site.connection.database.exec('UPDATE tasks_task SET cancel_requested = 1 WHERE seq = 2');
    pool.committed(NOTHING);
    await quiet();
    expect(aborted()).toEqual([null, null, null]);
    pool.committed({ ...NOTHING, cancelRequested: true });
    await until('the abort', () => aborted().includes('cancelled'));
    expect(aborted()).toEqual([null, 'cancelled', null]);
    expect(consumer.tasks[1]!.aborted!.message).toContain(consumer.tasks[1]!.task.id);
  });

  it('abort what was cancelled as it was claimed, and no other twice', async () => {
    const consumer = await add('default');
    site.connection.database.exec(`
      CREATE TRIGGER cancels AFTER UPDATE ON tasks_task WHEN NEW.state = 'running' AND NEW.cancel_requested = 0
      BEGIN UPDATE tasks_task SET cancel_requested = 1 WHERE seq = NEW.seq; END`);
    await site.store(1);
    expect(consumer.tasks).toEqual([]);
    pool.abortCancelled();
    await until('the abort', () => consumer.tasks[0]?.aborted);
    expect(consumer.tasks[0]!.aborted!.reason).toBe('cancelled');
    let reads = 0;
    const read = site.connection.read.bind(site.connection);
    site.connection.read = (query) => {
      reads += 1;
      return read(query);
    };
    pool.abortCancelled();
    await quiet();
    expect(reads).toBe(0);
  });

  it('look for nothing that was cancelled where they have nothing at hand', async () => {
    await add('default');
    let reads = 0;
    const { connection } = site;
    const read = connection.read.bind(connection);
    connection.read = (query) => {
      reads += 1;
      return read(query);
    };
    pool.abortCancelled();
    pool.pauseAsStored();
    await quiet();
    expect(reads).toBe(0);
    connection.read = () => Promise.reject(new Error('the disk is away'));
    await store(1);
    (await add('other')).holdsAhead = true;
    pool.abortCancelled();
    pool.pauseAsStored();
    await until('both words', () => site.errors.length > 1);
    expect(site.errors).toEqual([
      'Looking for cancelled tasks: Error: the disk is away',
      'Looking for pauses: Error: the disk is away',
    ]);
  });

  it('hand back what another process has paused, once they look', async () => {
    const [one, other] = [await add('default'), await add('other')];
    one.holdsAhead = true;
    site.connection.database.exec(`INSERT INTO tasks_queue (name, paused_at) VALUES ('other', 1), ('default', NULL)`);
    pool.pauseAsStored();
    await until('the pause', () => other.pauses > 0);
    expect([one.pauses, other.pauses]).toEqual([0, 1]);
    site.connection.database.exec(
      `UPDATE tasks_queue SET paused_at = NULL, closed_at = ${START}, closed_until = ${START + 10} WHERE name = 'other'`,
    );
    pool.pauseAsStored();
    await until('the closing', () => other.pauses > 1);
    expect([one.pauses, other.pauses]).toEqual([0, 2]);
  });

  it('hand back what is at hand once for each change of what is paused by name, key or tag', async () => {
    const consumer = await add('default');
    consumer.holdsAhead = true;
    const looked = async (): Promise<number> => {
      pool.pauseAsStored();
      await quiet();
      return consumer.pauses;
    };
    expect(await looked()).toBe(0);
    await site.writer.write((transaction) => addPause(transaction, { name: 'one' }, START));
    expect(await looked()).toBe(1);
    expect(await looked()).toBe(1);
    await site.writer.write((transaction) => addPause(transaction, { name: 'other' }, START));
    expect(await looked()).toBe(2);
    await site.writer.write((transaction) => {
      dropPause(transaction, { name: 'one' });
      addPause(transaction, { name: 'third' }, START);
    });
    expect(await looked()).toBe(3);
  });

  it('give up what they hold where this process was taken for dead, and say so', async () => {
    const consumer = await add('default', { concurrency: 2 });
    await store(1);
    site.writes = 0;
    await pool.checkRegistration();
    expect(site.writes).toBe(0);
    expect(consumer.tasks[0]!.aborted).toBeNull();
    const { task } = consumer.tasks[0]!;
    const claimedAnew = new HeldTask({ ...task, worker: 'self anew' }, pool, 0);
    consumer.size += 1;
    consumer.tasks.push(claimedAnew);
    registered = false;
    await pool.checkRegistration();
    await until('the abort', () => consumer.tasks[0]!.aborted !== null);
    expect(consumer.tasks[0]!.aborted).toMatchObject({
      reason: 'lease-lost',
      message: expect.stringContaining('this process was silent for too long') as string,
    });
    expect(claimedAnew.aborted).toBeNull();
    expect(site.warnings).toEqual(['This process was silent for longer than its lease; its tasks were taken from it']);
    await store(1);
    expect(consumer.tasks[2]).toMatchObject({ task: { worker: 'self anew' }, aborted: null });
  });
});
