// A process that stores orders with their tasks, and kills itself at one step of a task's way. See ../killed.suite.ts.
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { SystemClock } from '../../../lib/clock/index.js';
import { sqliteEngine } from '../../../lib/engine/sqlite/index.js';
import { Outbox, outboxEngine } from '../../../lib/outbox/index.js';
import type { KilledSetup, KillStep } from './setup.js';

const { step, survive, app, tasksFile } = JSON.parse(process.argv[2]!) as KilledSetup;

let passed = 0;
const at = (here: KillStep): void => {
  if (here !== step) return;
  passed += 1;
  if (passed > survive) process.kill(process.pid, 'SIGKILL');
};

const clock = new SystemClock();
const logger = { log: () => {}, warn: () => {}, error: () => {} };
const engine = sqliteEngine(
  { database: tasksFile, synchronous: 'full', lease: 10_000, maxLostAttempts: 5 },
  { clock, logger, keepFor: () => null, nextRun: () => null, mask: (params) => params, newId: uuidv7 },
);
const dataSource = await new DataSource(app).initialize();
const outbox = new Outbox({
  // The app that boots afterwards on the same file finds what was left under the same name.
  owner: () => engine.sharing.secret('outbox-store', 'this-store'),
  dataSource,
  migrate: true,
  clock,
  logger,
  store: async (tasks) => {
    at('committed');
    await engine.enqueueing.enqueue(tasks);
    at('stored');
  },
});
const tasks = outboxEngine(engine, outbox);
await tasks.open();

for (;;) {
  const id = uuidv7();
  const now = clock.now();
  await dataSource.transaction(async (manager) => {
    await manager.query(`INSERT INTO orders (id) VALUES ('${id}')`);
    const params = JSON.stringify({ order: id });
    const rest = { priority: 0, runAt: now, createdAt: now, maxAttempts: 1, settings: null, sensitive: [] };
    await tasks.enqueueing.enqueue([{ id, queue: 'default', name: 'work', params, ...rest }], manager);
    at('written');
  });
  while ((await outbox.waiting()).length > 0) await new Promise(setImmediate);
  at('deleted');
}
