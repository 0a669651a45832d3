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

  /** With a job that is due in an hour. */
  async moveToActive(): Promise<unknown[]> {
    await this.note('fetch');
    return [null, null, 0, Date.now() + 3_600_000];
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
