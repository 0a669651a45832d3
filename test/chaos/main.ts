// npm run chaos -- --engine sqlite|redis|postgres --minutes N --seed S [--tasks N] [--faults a,b] [--broken-engine name]
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../support/run/bundle.js';
import { FAULT_NAMES, type FaultName } from './faults.js';
import type { BrokenEngine } from './process/broken-engines.js';
import { describeViolations, Totals } from './report.js';
import { runRound } from './round.js';
import { ENGINES, type EngineName } from './stores/index.js';

/** A round has a store of its own, so that its history fits into memory and its seed leads back to it soon. */
const ROUND_SECONDS = 120;
const MIN_ROUND_SECONDS = 20;
/** About what processes that are killed each second get through, on two cores. */
const TASKS_PER_SECOND: Readonly<Record<EngineName, number>> = { sqlite: 4_000, redis: 300, postgres: 100 };

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    tasks: { type: 'string' },
    faults: { type: 'string' },
    'broken-engine': { type: 'string' },
  },
});
const engine = ENGINES.find((name) => name === values.engine);
if (!engine) throw new Error(`--engine is one of ${ENGINES.join(', ')}`);
const seconds = number('minutes', values.minutes) * 60;
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : number('seed', values.seed);
const tasksPerSecond = values.tasks === undefined ? TASKS_PER_SECOND[engine] : number('tasks', values.tasks) / seconds;
const faults = values.faults?.split(',').map(faultName);

const command = (roundSeed: number, minutes: number): string =>
  `npm run chaos -- --engine ${engine} --minutes ${minutes} --seed ${roundSeed}`;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const program = await bundle(resolve(import.meta.dirname, '../..'), 'test/chaos/process/main', { minify: true });
const totals = new Totals();
const began = performance.now();
console.log(`${command(seed, seconds / 60)}: ${Math.round(tasksPerSecond)} tasks a second`);
const elapsed = (): number => (performance.now() - began) / 1_000;
for (let round = 0; round === 0 || seconds - elapsed() > MIN_ROUND_SECONDS; round += 1) {
  // The first round of a seed is that of the seed itself: so a failed one is run again alone.
  const roundSeed = seed + round;
  const roundSeconds = Math.min(ROUND_SECONDS, seconds - elapsed());
  const result = await runRound({
    engine,
    seed: roundSeed,
    seconds: roundSeconds,
    tasksPerSecond,
    program,
    ...(faults && { faults }),
    ...(values['broken-engine'] !== undefined && { brokenEngine: values['broken-engine'] as BrokenEngine }),
  });
  totals.add(result);
  if (round === 0) for (const [name, why] of result.skipped) console.log(`Without the fault ${name}: ${why}`);
  console.log(`${(elapsed() / 60).toFixed(1)} min, seed ${roundSeed}: ${totals.summary()}`);
  if (result.violations.length === 0) continue;
  process.exitCode = 1;
  console.log(`\nFound with seed ${roundSeed} (${command(roundSeed, Math.round(roundSeconds / 6) / 10)}):`);
  console.log(describeViolations(result.violations, result.history));
}
console.log(`\n${totals.table()}\n\n${totals.summary()}`);

function number(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} is a number above 0`);
  return value;
}

function faultName(text: string): FaultName {
  const name = FAULT_NAMES.find((one) => one === text);
  if (!name) throw new Error(`--faults are of ${FAULT_NAMES.join(', ')}`);
  return name;
}
