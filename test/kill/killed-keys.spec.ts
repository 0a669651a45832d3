import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import type { LedgerEvent } from './support/ledger.js';
import { Random } from './support/random.js';
import { Stage, useWorker } from './support/stage.js';

const PROCESSES = 2;
/** A thousand where a run is to be thorough. */
const KILLS = Number(process.env['KEYED_KILLS'] ?? 2);
const TASKS_PER_KILL = 30;
const KEYS = ['a', 'b', 'c', 'd'];
const SEED = Number(process.env['KILL_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

describe(`the slots of workers that are killed (KILL_SEED=${SEED})`, () => {
  const worker = useWorker();
  let stage: Stage;

  afterEach(() => stage.remove());

  it('come back, and are never taken twice', async () => {
    const random = new Random(SEED);
    stage = new Stage(worker.file, { maxLostAttempts: 1_000, queues: { work: { key: { concurrency: 1 } } } });
    const keys = new Map<string, string>();
    const tasks = await stage.startApp();
    for (let count = 0; count < PROCESSES; count += 1) stage.startWorker();
    for (let kill = 0; kill < KILLS; kill += 1) {
      for (let count = 0; count < TASKS_PER_KILL; count += 1) {
        const key = random.pick(KEYS);
        keys.set((await tasks.queue<string>('work', 'wait', { ms: random.between(1, 20) }, { key })).id, key);
      }
      await stage.atWork();
      await sleep(random.between(5, 250));
      const living = stage.workers.filter((one) => !one.hasEnded);
      await random.pick(living.some((one) => one.isReady) ? living.filter((one) => one.isReady) : living).kill();
      stage.startWorker();
    }
    await until(
      () => `the end of all tasks: ${JSON.stringify(stage.rowsByState())}`,
      () => stage.rowsByState().completed === keys.size,
      { patience: 400_000 },
    );
    expect(doubles(stage.ledger.read(), keys)).toEqual([]);
    expect(stage.rowsByState()).toEqual({ completed: keys.size });
  }, 600_000);
});

/** Starts of tasks whose key had its one slot taken by another, of a process that was not gone. */
function doubles(events: readonly LedgerEvent[], keys: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const open = new Map<string, { readonly task: string; readonly process: string }>();
  for (const event of events) {
    if (event.event === 'gone') {
      for (const [key, { process }] of open) if (process === event.process) open.delete(key);
    } else if (event.event === 'start') {
      const key = keys.get(event.task)!;
      const other = open.get(key);
      if (other) found.push(`${event.task} of "${key}" started in ${event.process} beside ${other.task}`);
      open.set(key, event);
    } else if (event.event === 'end' && open.get(keys.get(event.task)!)?.task === event.task) {
      open.delete(keys.get(event.task)!);
    }
  }
  return found;
}
