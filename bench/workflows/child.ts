import 'reflect-metadata';
import { once } from 'node:events';
import type { Contestant } from './contestant.js';

export type Kind = 'steps' | 'workflows' | 'dbos' | 'bullmq';

export interface Job {
  readonly kind: Kind;
  readonly store: string;
  /** Workflows of some steps one after another. */
  readonly sequences: number;
  /** Tasks of a fan. */
  readonly width: number;
}

export interface Took {
  /** Workflows that ended a second. */
  readonly sequences: number;
  /** From the start of the fan until what waits for all of it has run. */
  readonly fanMs: number;
}

/** What is run before what counts, so that code is compiled and connections are there. */
const WARM_UP = 0.2;

async function contestantOf({ kind, store }: Job): Promise<Contestant> {
  if (kind === 'dbos') return new (await import('../peers/dbos.js')).Dbos(store);
  if (kind === 'bullmq') return new (await import('./bullmq-flows.js')).BullmqFlows(store);
  const { LibrarySteps, LibraryWorkflows } = await import('./library.js');
  return new (kind === 'steps' ? LibrarySteps : LibraryWorkflows)(store);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function run(job: Job): Promise<Took> {
  const contestant = await contestantOf(job);
  await contestant.open();
  await contestant.sequences(Math.ceil(job.sequences * WARM_UP));
  await contestant.fan(Math.ceil(job.width * WARM_UP));
  const sequencesMs = await timed(() => contestant.sequences(job.sequences));
  const fanMs = await timed(() => contestant.fan(job.width));
  await contestant.close();
  return { sequences: (job.sequences * 1_000) / sequencesMs, fanMs };
}

async function main(): Promise<void> {
  const [job] = (await once(process, 'message')) as [Job];
  process.send!(await run(job), () => process.exit());
}

void main();
