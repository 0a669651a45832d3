// What the embedded engine's drain keeps with OpenTelemetry on: npm run bench:otel [-- --tasks 20000 --drains 3 --rounds 5]
//
// All ways in turns, each in a process of its own: what one of them switches on in Node costs the others nothing.
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seriesOf } from '../report/series.js';
import { formatTable } from '../report/table.js';
import type { Drain, Drained, How, Job } from './child.js';

/** Of what it is without. */
const TARGET = 0.7;

const WAYS: ReadonlyArray<readonly [How, string]> = [
  ['without', 'without OpenTelemetry'],
  ['floor', "the SDK's part, called by the handler"],
  ['unsampled', 'sampled away, with metrics'],
  ['with', 'every attempt, with metrics'],
];

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '20000' },
    drains: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
  },
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
  const found = new Map<How, Drain[]>(WAYS.map(([how]) => [how, []]));
  let spans = 0;
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [how] of round % 2 ? WAYS.toReversed() : WAYS) {
      const drained = await drain({ tasks, drains: Number(values.drains), how });
      found.get(how)!.push(...drained.drains);
      if (how === 'with') ({ spans } = drained);
    }
  }
  const rates = (how: How) => seriesOf(found.get(how)!.map(({ seconds }) => tasks / seconds));
  const costs = (how: How) => seriesOf(found.get(how)!.map(({ cpuSeconds }) => (cpuSeconds * 1_000_000) / tasks));
  console.log(
    formatTable(
      ['drain of a file, 10 at a time', 'tasks/s', `keeps (at least ${TARGET})`, 'µs of the processor a task', 'keeps'],
      WAYS.map(([how, title]) => {
        const rate = rates(how);
        const cost = costs(how);
        return [
          title,
          `${rate.median.toFixed(0)} (${rate.least.toFixed(0)}–${rate.most.toFixed(0)})`,
          (rate.median / rates('without').median).toFixed(2),
          `${cost.median.toFixed(1)} (${cost.least.toFixed(1)}–${cost.most.toFixed(1)})`,
          (costs('without').median / cost.median).toFixed(2),
        ];
      }),
    ),
  );
  console.log(`${spans} spans a process; load ${loadavg()[0]!.toFixed(1)}`);
}

void main();
