// How long `run` takes to another process on the same file, beside how long it takes until that task has completed there:
//
//   npm run build:bench && node dist/bench/bench/answer/main.js
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { sleep } from '../clock.js';
import { percentile } from '../report/series.js';
import { bootAnswers, NAME } from './app.js';

const TASKS = 300;
/** Before figures count. */
const WARM_UP = 30;
/** Between two tasks, so that nothing else is to be done when one comes. */
const PAUSE_MS = 10;

const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-answer-'));
const file = join(folder, 'tasks.db');
const worker = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [file]);
await once(worker, 'message');
const app = await bootAnswers(file, false);
const tasks = app.get(TaskDispatcher);
const reader = new Database(file, { readonly: true });
const stateOf = reader.prepare<[string], string>('SELECT state FROM tasks_task WHERE id = ?').pluck();

async function untilCompleted(n: number): Promise<void> {
  const { id } = await tasks.queue('answers', NAME, { n });
  while (stateOf.get(id) !== 'completed') await turn();
}

async function untilAnswered(n: number): Promise<void> {
  await tasks.run('answers', NAME, { n });
}

const figures = { completed: [] as number[], answered: [] as number[] };
for (let n = 0; n < WARM_UP + TASKS; n += 1) {
  for (const [figure, ask] of [
    [figures.completed, untilCompleted],
    [figures.answered, untilAnswered],
  ] as const) {
    await sleep(PAUSE_MS);
    const begun = performance.now();
    await ask(n);
    if (n >= WARM_UP) figure.push(performance.now() - begun);
  }
}
const text = (of: readonly number[]): string =>
  `p50 ${percentile(of, 0.5).toFixed(2)} ms, p95 ${percentile(of, 0.95).toFixed(2)} ms`;
console.log(`queue() until completed in the other process: ${text(figures.completed)}`);
console.log(`run() until its result is here:               ${text(figures.answered)}`);
const apart = percentile(figures.answered, 0.5) - percentile(figures.completed, 0.5);
console.log(`p50 of run() after that of completed:         ${apart.toFixed(2)} ms`);

reader.close();
await app.close();
worker.disconnect();
await once(worker, 'exit');
rmSync(folder, { recursive: true, force: true });
