import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CONSUME, completed, contextWith, newTask, START } from '../../../../test/conformance/harness.js';
import { writeOlderStore } from '../../../../test/support/older-store.js';
import { ManualClock } from '../../../clock/index.js';
import { checkStore } from '../backup/check-store.js';
import { sqliteEngine } from '../sqlite-engine.js';

it('a file of the version before tags with tasks in every state is opened, worked on, and found to be right', async () => {
  const clock = new ManualClock(START);
  const folder = mkdtempSync(join(tmpdir(), 'tasks-older-'));
  const file = join(folder, 'tasks.db');
  const ids = await writeOlderStore(file, clock);
  const options = { database: file, synchronous: 'normal', lease: 10_000, maxLostAttempts: 5 } as const;
  const engine = sqliteEngine(options, contextWith(clock));
  await engine.open();
  for (const [state, id] of ids) expect((await engine.inspecting.get(id))!.state, state).toBe(state);
  const tagged = newTask(clock, { traits: { tags: { customer: '42' } } });
  await engine.enqueueing.enqueue([tagged]);
  const done = new Promise<void>((resolve) => {
    let left = 3;
    void engine.delivering.consume('default', CONSUME, () => {
      if ((left -= 1) === 0) setImmediate(resolve);
      return Promise.resolve(completed);
    });
  });
  await engine.acting.act('retry', { ids: [ids.get('failed')!] });
  await done;
  const { items } = await engine.inspecting.list({ tags: { customer: '42' } }, { limit: 10 });
  expect(items.map(({ id }) => id)).toEqual([tagged.id]);
  expect((await engine.inspecting.list({ from: START }, { limit: 20 })).items).toHaveLength(8);
  await engine.close();
  const found = await checkStore(file, { lease: 10_000 });
  expect(found.filter(({ kind }) => kind !== 'orphaned-task')).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
