import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { overlaps } from './support/ledger.js';
import { enqueue, Stage, useWorker } from './support/stage.js';

describe('A process that lives', () => {
  const worker = useWorker();
  let stage: Stage;

  afterEach(() => stage.remove());

  it('keeps its tasks where somebody removes every heartbeat, and where others are less patient', async () => {
    stage = new Stage(worker.file);
    const tasks = await stage.startApp();
    const workers = [stage.startWorker({ lease: '10s' }), stage.startWorker({ lease: '500ms' })];
    await Promise.all(workers.map((one) => one.ready));
    const folder = `${stage.databaseFile}-workers`;
    const cleaning = setInterval(() => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
    }, 20);
    try {
      const waiting = await Promise.all(Array.from({ length: 8 }, () => enqueue(tasks, 'wait', { ms: 3_000 })));
      for (const { id } of waiting) {
        expect((await stage.ended(tasks, id)).attempts).toMatchObject([{ attempt: 1, outcome: 'completed' }]);
      }
    } finally {
      clearInterval(cleaning);
    }
    expect(overlaps(stage.ledger.read())).toEqual([]);
    expect(stage.faults()).toEqual([]);
  });
});
