import { EventEmitter, once } from 'node:events';
import * as library from 'bullmq';
import { afterEach, expect, it } from 'vitest';
import { taskWorker } from './task-worker.js';

type Ask = 'fetch' | `wait ${number}`;

/** A store that notes what a worker asks it for; nothing is there, where `answer` does not reject. */
class AskedBackend extends EventEmitter {
  readonly asked: Ask[] = [];
  readonly keys = {};
  readonly qualifiedName = 'q';
  readonly minimumBlockTimeout = 0.002;
  readonly maximumBlockTimeout = 10;

  constructor(private readonly answer: (nth: number) => Promise<void>) {
    super();
  }

  toKey = (key: string) => key;
  setQueueMeta = async () => undefined;
  waitUntilReady = async () => undefined;
  reconnectBlocking = async () => undefined;
  disconnectBlocking = async () => undefined;
  moveStalledJobsToWait = async () => [];
  close = async () => undefined;
  disconnect = async () => undefined;

  /** What is fetched first; then there is a job that is due in an hour. */
  tick: [data: unknown, id: string] | null = null;
  updateJobSchedulerNextMillis = async (): Promise<string> => 'repeat:nightly:2';
  moveToCompleted = async () => ({ result: [], finishedOn: Date.now() });

  async moveToActive(): Promise<unknown[]> {
    await this.note('fetch');
    const { tick } = this;
    this.tick = null;
    return tick ? [...tick, 0, 0] : [null, null, 0, Date.now() + 3_600_000];
  }

  async waitForJob(seconds: number): Promise<null> {
    await this.note(`wait ${seconds}`);
    return null;
  }

  private async note(ask: Ask): Promise<void> {
    const nth = this.asked.push(ask);
    this.emit('asked');
    await this.answer(nth);
  }
}

let worker: { close(force: boolean): Promise<void> } | undefined;
afterEach(() => worker?.close(true));

/** The first things that a worker asks for, of which those are refused whose numbers are given. */
async function asksOf(count: number, ...refused: readonly number[]): Promise<readonly Ask[]> {
  const backend = new AskedBackend(async (nth) => {
    if (refused.includes(nth)) throw new Error("READONLY You can't write against a read only replica.");
    if (nth >= count) await new Promise(() => undefined);
  });
  const TaskWorker = taskWorker(library);
  const made = new TaskWorker(
    'q',
    async () => undefined,
    { connection: {} },
    () => backend as never,
  );
  made.on('error', () => undefined);
  worker = made;
  while (backend.asked.length < count) await once(backend, 'asked');
  return backend.asked;
}

it('asks for a job, and waits for one', async () => {
  expect(await asksOf(4)).toEqual(['fetch', 'wait 10', 'fetch', 'wait 10']);
});

it('asks for a job where it could not wait for one', async () => {
  expect(await asksOf(4, 2)).toEqual(['fetch', 'wait 10', 'fetch', 'wait 10']);
});

it('asks once more where it was refused, until it is answered', async () => {
  expect(await asksOf(6, 3, 4)).toEqual(['fetch', 'wait 10', 'fetch', 'fetch', 'fetch', 'wait 10']);
});

it('runs the tick that it was handed where the next one could not be planned at once', async () => {
  const backend = new AskedBackend(async () => undefined);
  const opts = { repeat: { pattern: '* * * * *' }, attempts: 1 };
  const data = '{"schedule":"nightly"}';
  backend.tick = [{ name: 'tick', data, opts, repeatJobKey: 'nightly', timestamp: 1 }, 'repeat:nightly:1'];
  let refusals = 1;
  backend.updateJobSchedulerNextMillis = async () => {
    refusals -= 1;
    if (refusals >= 0) throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
    return 'repeat:nightly:2';
  };
  const TaskWorker = taskWorker(library);
  const handed = new Promise((resolve) => {
    const made = new TaskWorker(
      'q',
      async (job) => resolve(job.data),
      { connection: {} },
      () => backend as never,
    );
    made.on('error', () => undefined);
    worker = made;
  });
  expect(await handed).toEqual({ schedule: 'nightly' });
  expect(refusals).toBe(-1);
});
