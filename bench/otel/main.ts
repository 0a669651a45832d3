// What the embedded engine's drain keeps with OpenTelemetry on: npm run bench:otel [-- --tasks 20000 --rounds 5]
//
// With and without, in turns, each in a process of its own: what one of them switches on in Node costs the other nothing.
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../report/series.js';
import { formatTable } from '../report/table.js';
import type { Drained, Job } from './child.js';

/** Of what it is without. */
const TARGET = 0.7;

const { values } = parseArgs({
  options: { tasks: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '5' } },
});

async function drain(job: Omit<Job, 'database'>): Promise<Drained> {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-bench-otel-'));
  try {
    const child = fork(join(import.meta.dirname, 'child.js'));
    child.send({ ...job, database: join(folder, 'tasks.db') } satisfies Job);
    const [drained] = (await once(child, 'message')) as [Drained];
    await once(child, 'exit');
    return drained;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const tasks = Number(values.tasks);
  const found: Record<'without' | 'with', Drained[]> = { without: [], with: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const how of ['without', 'with'] as const) found[how].push(await drain({ tasks, isTraced: how === 'with' }));
  }
  const rate = (how: 'without' | 'with'): number => median(found[how].map(({ seconds }) => tasks / seconds));
  const cost = (how: 'without' | 'with'): number =>
    median(found[how].map(({ cpuSeconds }) => (cpuSeconds * 1_000_000) / tasks));
  const row = (what: string, figure: (how: 'without' | 'with') => number, ratio: number): string[] => [
    what,
    figure('without').toFixed(0),
    figure('with').toFixed(0),
    ratio.toFixed(2),
  ];
  console.log(
    formatTable(
      ['drain of a file, 10 at a time', 'without', 'with OpenTelemetry', `keeps (at least ${TARGET})`],
      [
        row('tasks/s', rate, rate('with') / rate('without')),
        row('µs of the processor a task', cost, cost('without') / cost('with')),
      ],
    ),
  );
  console.log(`${found.with[0]!.spans} spans; load ${loadavg()[0]!.toFixed(1)}`);
}

void main();
