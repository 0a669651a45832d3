import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoppedTime } from '../../../../test/support/stopped-time.js';
import type { RunTask } from '../../port/index.js';
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

  it('is handed back when the handler before it runs long', async () => {
    const { workers, ran, handedBack, told, end } = busyWorker();
    time.advance(60_000);
    while (handedBack.length < 2) await told();
    expect({ ran, handedBack }).toEqual({ ran: ['runs'], handedBack: ['waits', 'waits too'] });
    end();
    await workers.close(0);
  });
});
