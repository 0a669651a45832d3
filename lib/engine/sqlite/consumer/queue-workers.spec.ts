import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import { abort } from '../../common/index.js';
import type { ConsumeOptions, RunTask } from '../../port/index.js';
import type { ClaimedTask } from '../sql/claim-tasks.js';
import { HeldTask } from './completer.js';
import type { ConsumerHost } from './pool-consumer.js';
import { EventLoopBudget, QueueWorkers } from './queue-workers.js';

let time: StoppedTime;
beforeEach(() => {
  time = new StoppedTime();
});

afterEach(() => {
  time.goOn();
});

function hostWith(more: Partial<ConsumerHost>): ConsumerHost {
  return {
    trustedFor: Infinity,
    maxPrefetched: 250,
    begin: () => undefined,
    now: () => 0,
    fetch: () => undefined,
    fetched: async () => undefined,
    settle: (_running, _outcome, onStored) => onStored(),
    report: () => undefined,
    called: () => undefined,
    forget: () => undefined,
    ...more,
  };
}

const ONE = { concurrency: 1, priority: 0, rateLimit: null } as const;

describe('EventLoopBudget', () => {
  it('is over when its time has passed, until the event loop has turned', async () => {
    const budget = new EventLoopBudget(2);
    expect(budget.isOver).toBe(false);
    time.advance(2);
    expect(budget.isOver).toBe(false);
    time.advance(1);
    expect(budget.isOver).toBe(true);
    await turn();
    expect(budget.isOver).toBe(false);
  });
});

describe('A consumer whose handlers wait for nothing', () => {
  it('lets the event loop turn between them, and runs them all', async () => {
    const host = hostWith({});
    let ran = 0;
    const run: RunTask = async () => {
      ran += 1;
      time.advance(1);
      return { kind: 'completed', keepFor: null, maxAttempts: 1 };
    };
    const consumer = new QueueWorkers('work', ONE, run, host);
    consumer.deliver(Array.from({ length: 10 }, () => new HeldTask({} as ClaimedTask, host, 0)));

    const ranByTurn: number[] = [];
    for (let before = -1; ran > before;) {
      before = ran;
      await turn();
      ranByTurn.push(ran);
    }
    expect(ranByTurn).toEqual([3, 6, 9, 10, 10]);
    await consumer.close(0);
  });
});

describe('A task that was claimed before its process stood still', () => {
  it.each(['before its start is noted', 'while its start is noted'])('is handed back, not run: %s', async (when) => {
    const handedBack: string[] = [];
    const host = hostWith({
      trustedFor: 100,
      begin: () => time.advance(when === 'while its start is noted' ? 101 : 0),
      settle: (_running, { kind }, onStored) => {
        handedBack.push(kind);
        onStored();
      },
    });
    let ran = 0;
    const consumer = new QueueWorkers(
      'work',
      ONE,
      async () => {
        ran += 1;
        return { kind: 'completed', keepFor: null, maxAttempts: 1 };
      },
      host,
    );
    const task = new HeldTask({} as ClaimedTask, host, performance.now());
    if (when === 'before its start is noted') time.advance(101);
    consumer.deliver([task]);
    await consumer.close(0);
    expect({ ran, handedBack }).toEqual({ ran: 0, handedBack: ['released'] });
  });
});

describe('What is claimed ahead', () => {
  /** One worker with three tasks, the first of which runs until `end` is called. */
  function busyWorker() {
    const handedBack: string[] = [];
    let tell = (): void => undefined;
    const host = hostWith({
      settle: ({ task }, { kind }, onStored) => {
        if (kind === 'released') handedBack.push(task.id);
        onStored();
        tell();
      },
    });
    let end = (): void => undefined;
    const ran: string[] = [];
    const run: RunTask = ({ task }) => {
      ran.push(task.id);
      return new Promise((resolve) => (end = () => resolve({ kind: 'completed', keepFor: null, maxAttempts: 1 })));
    };
    const workers = new QueueWorkers('work', ONE, run, host);
    const tasks = ['runs', 'waits', 'waits too'].map((id) => ({ id }) as ClaimedTask);
    workers.deliver(tasks.map((task) => new HeldTask(task, host, performance.now())));
    const told = (): Promise<void> => new Promise((resolve) => (tell = resolve));
    return { workers, ran, handedBack, told, end: () => end() };
  }

  it('is handed back when the queue is paused', async () => {
    const { workers, ran, handedBack, end } = busyWorker();
    workers.pause();
    expect({ ran, handedBack }).toEqual({ ran: ['runs'], handedBack: ['waits', 'waits too'] });
    expect(workers.holdsAhead).toBe(false);
    end();
    await workers.close(0);
  });

  it('is handed back when the workers close', async () => {
    const { workers, ran, handedBack, end } = busyWorker();
    const closed = workers.close(0);
    end();
    await closed;
    expect({ ran, handedBack }).toEqual({ ran: ['runs'], handedBack: ['waits', 'waits too'] });
  });

  it('is handed back when the handler before it runs long, and claimed for anew', async () => {
    const { workers, ran, handedBack, told, end } = busyWorker();
    workers.hungry = false;
    time.advance(60_000);
    while (handedBack.length < 2) await told();
    expect(workers.hungry).toBe(true);
    expect({ ran, handedBack }).toEqual({ ran: ['runs'], handedBack: ['waits', 'waits too'] });
    end();
    await workers.close(0);
  });
});

describe('How many tasks are claimed', () => {
  const THREE = { concurrency: 3, priority: 0, rateLimit: null } as const;
  const completed = { kind: 'completed', keepFor: null, maxAttempts: 1 } as const;

  function workersOf(options: ConsumeOptions, more: Partial<ConsumerHost> = {}) {
    const settled: string[] = [];
    let fetches = 0;
    const ends: Array<() => void> = [];
    const host = hostWith({
      fetch: () => void (fetches += 1),
      settle: ({ task }, { kind }, onStored) => {
        settled.push(`${task.id} ${kind}`);
        onStored();
      },
      ...more,
    });
    const workers = new QueueWorkers(
      'work',
      options,
      () => new Promise((end) => ends.push(() => end(completed))),
      host,
    );
    const held = (name: string): HeldTask =>
      new HeldTask({ id: name, maxAttempts: 4 } as ClaimedTask, host, performance.now());
    const deliver = (...names: string[]): HeldTask[] => {
      const tasks = names.map(held);
      workers.deliver(tasks);
      return tasks;
    };
    /** So many tasks run one after the other, each for so long. */
    const run = async (count: number, milliseconds: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        deliver(`run ${index}`);
        time.advance(milliseconds);
        ends.pop()!();
        await turn();
      }
    };
    return { workers, settled, deliver, run, ends, fetches: () => fetches };
  }

  const demandOf = ({ workers }: { workers: QueueWorkers }) => [workers.demand(), workers.room];

  it('is that of the free workers, where nothing is known of how long they take', () => {
    const site = workersOf(THREE);
    expect(demandOf(site)).toEqual([3, 3]);
    site.deliver('a', 'b');
    expect(demandOf(site)).toEqual([1, 1]);
    site.deliver('c', 'd');
    expect(demandOf(site)).toEqual([0, 0]);
    expect(site.workers.holdsAhead).toBe(true);
    expect([...site.workers.held()].map(({ task }) => task.id)).toEqual(['d', 'a', 'b', 'c']);
  });

  it('is as much more as the workers get through in ten milliseconds', async () => {
    const site = workersOf(THREE);
    await site.run(1, 0);
    // 9 ms each by now, as the average goes: ten in nine of them, by three workers.
    expect(demandOf(site)).toEqual([3 + 4, 3]);
    await site.run(20, 0);
    expect(site.workers.demand()).toBe(3 + Math.ceil(30 / (10 * 0.9 ** 21)));
    await site.run(40, 50);
    expect(site.workers.demand()).toBe(3);
  });

  it('is bounded however short they are, and asked for again when half of it has begun', async () => {
    const site = workersOf(THREE, { maxPrefetched: 6 });
    await site.run(60, 0);
    expect(site.workers.demand()).toBe(9);
    site.deliver('a', 'b', 'c', 'd', 'e', 'f', 'g');
    expect(site.workers.demand()).toBe(0);
    expect(site.workers.room).toBe(0);
    site.ends[0]!();
    await turn();
    expect(site.workers.demand()).toBe(3);
  });

  it.each([
    ['a rate limit', { rateLimit: { max: 1, per: 1_000 } }],
    ['a limit of tasks', { limits: { work: { name: 'x', max: 1, per: 1_000 } } }],
  ])('is never more than the free workers where %s counts them', async (_, more) => {
    const site = workersOf({ ...THREE, ...more });
    await site.run(60, 0);
    expect(site.workers.demand()).toBe(3);
  });

  it('is never more than the free workers after a claim that left something', async () => {
    const site = workersOf(THREE);
    await site.run(60, 0);
    site.workers.claimsAhead = false;
    expect(site.workers.demand()).toBe(3);
  });

  it('is not asked for where there is no room', () => {
    const site = workersOf(ONE);
    site.deliver('a', 'b');
    expect(site.fetches()).toBe(0);
  });

  it('is nothing while they close', async () => {
    const site = workersOf(THREE);
    const closed = site.workers.close(0);
    expect(site.workers.demand()).toBe(0);
    await closed;
  });

  it('changes with the number of workers, which begin what waits at once', async () => {
    const site = workersOf(ONE);
    site.deliver('a', 'b');
    expect([site.ends.length, site.workers.room]).toEqual([1, 0]);
    site.workers.resize(3);
    expect([site.ends.length, site.workers.room]).toEqual([2, 1]);
    expect(site.fetches()).toBeGreaterThan(0);
    site.workers.resize(1);
    expect(site.workers.room).toBe(0);
  });

  it('is no more than this thread begins, however many workers are free, where handlers leave it to nobody', async () => {
    const host = hostWith({});
    const computing: RunTask = async () => {
      time.advance(5);
      return completed;
    };
    const workers = new QueueWorkers('work', { ...THREE, concurrency: 100 }, computing, host);
    expect([workers.demand(), workers.room]).toEqual([100, 100]);
    const tasks = Array.from({ length: 50 }, (_, index) => ({ id: `task ${index}` }) as ClaimedTask);
    workers.deliver(tasks.map((task) => new HeldTask(task, host, performance.now())));
    while (workers.holdsAhead) await turn();
    expect([workers.demand(), workers.room]).toEqual([2, 2]);
    await workers.close(0);
  });

  it('is asked for where something may be there alone', async () => {
    const site = workersOf(ONE);
    site.workers.hungry = false;
    await site.run(1, 20);
    expect(site.fetches()).toBe(0);
    site.workers.hungry = true;
    await site.run(1, 20);
    expect(site.fetches()).toBe(1);
  });
});

describe('What does not begin, or not to its end', () => {
  const handedBackBy = (workers: (host: ConsumerHost) => QueueWorkers) => {
    const settled: unknown[] = [];
    const host = hostWith({
      now: () => 7,
      settle: ({ task, startedAt, endedAt }, outcome, onStored) => {
        settled.push({ id: task.id, outcome, startedAt, endedAt });
        onStored();
      },
    });
    const held = (id: string): HeldTask => new HeldTask({ id, maxAttempts: 4 } as ClaimedTask, host, performance.now());
    return { workers: workers(host), held, settled };
  };
  const never = (): Promise<never> => new Promise(() => undefined);

  it('is handed back where it was cancelled, and left where its lease was lost', async () => {
    let ran = 0;
    const { workers, held, settled } = handedBackBy(
      (host) => new QueueWorkers('work', ONE, () => ((ran += 1), never()), host),
    );
    const [cancelled, lost] = [held('cancelled'), held('lost')];
    abort(cancelled, 'cancelled', 'x');
    abort(lost, 'lease-lost', 'x');
    workers.deliver([cancelled, lost]);
    expect(ran).toBe(0);
    expect(settled).toEqual([
      { id: 'cancelled', outcome: { kind: 'released', maxAttempts: 4 }, startedAt: null, endedAt: 7 },
    ]);
    expect(workers.holdsAhead).toBe(false);
  });

  it('is what comes while the queue is paused, or the workers close', async () => {
    const { workers, held, settled } = handedBackBy((host) => new QueueWorkers('work', ONE, never, host));
    workers.pause();
    workers.deliver([held('paused')]);
    expect(settled).toMatchObject([{ id: 'paused' }]);
    workers.paused = false;
    const closed = workers.close(0);
    workers.deliver([held('late')]);
    workers.resize(5);
    await closed;
    expect(settled).toMatchObject([{ id: 'paused' }, { id: 'late', outcome: { kind: 'released' } }]);
  });

  it('is begun before the workers close, is aborted when the grace is over, and ends as its handler says then', async () => {
    const run: RunTask = (delivery) =>
      new Promise((resolve) => {
        delivery.onAbort = ({ reason }) => {
          expect(reason).toBe('shutdown');
          resolve({ kind: 'cancelled', keepFor: null, maxAttempts: 4 });
        };
      });
    const { workers, held, settled } = handedBackBy((host) => new QueueWorkers('work', ONE, run, host));
    workers.deliver([held('runs')]);
    await workers.close(0);
    expect(settled).toMatchObject([{ id: 'runs', outcome: { kind: 'cancelled' }, startedAt: 7, endedAt: 7 }]);
  });

  it('is what waits while a claim is under way that the workers close after', async () => {
    let isThrough = (): void => undefined;
    const handedBack: string[] = [];
    const ends: Array<() => void> = [];
    const host = hostWith({
      fetched: () => new Promise((resolve) => (isThrough = resolve)),
      settle: ({ task }, { kind }, onStored) => {
        handedBack.push(`${task.id} ${kind}`);
        onStored();
      },
    });
    const run: RunTask = () =>
      new Promise((resolve) => ends.push(() => resolve({ kind: 'completed', keepFor: null, maxAttempts: 1 })));
    const workers = new QueueWorkers('work', ONE, run, host);
    const held = (id: string): HeldTask => new HeldTask({ id } as ClaimedTask, host, performance.now());
    workers.deliver([held('runs'), held('waits')]);
    const closed = workers.close(0);
    ends[0]!();
    await turn();
    expect([ends.length, handedBack]).toEqual([1, ['runs completed']]);
    isThrough();
    await closed;
    expect([ends.length, handedBack]).toEqual([1, ['runs completed', 'waits released']]);
  });

  it('is trusted for as long as its lease is, and no longer', async () => {
    let ran = 0;
    const host = hostWith({ trustedFor: 100 });
    const run: RunTask = async () => {
      ran += 1;
      return { kind: 'completed', keepFor: null, maxAttempts: 1 };
    };
    const workers = new QueueWorkers('work', ONE, run, host);
    const task = new HeldTask({} as ClaimedTask, host, performance.now());
    time.advance(100);
    workers.deliver([task]);
    expect(ran).toBe(1);
    await workers.close(0);
  });

  it('closes when the ends are stored, and is forgotten then', async () => {
    const order: string[] = [];
    let stored = (): void => undefined;
    const host = hostWith({
      settle: (_running, _outcome, onStored) => void (stored = onStored),
      forget: () => void order.push('forgotten'),
    });
    const workers = new QueueWorkers(
      'work',
      ONE,
      async () => ({ kind: 'completed', keepFor: null, maxAttempts: 1 }),
      host,
    );
    workers.deliver([new HeldTask({ id: 'a' } as ClaimedTask, host, performance.now())]);
    const closed = workers.close(1_000).then(() => order.push('closed'));
    for (let round = 0; round < 5; round += 1) await turn();
    expect(order).toEqual([]);
    order.push('stored');
    stored();
    await closed;
    expect(order).toEqual(['stored', 'forgotten', 'closed']);
  });
});
