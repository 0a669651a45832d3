import { Job } from 'sidequest';
import type { BenchData } from '../params.js';
import type { Workload } from '../workload.js';

export const current: { workload: Workload | null } = { workload: null };

/** In a file of its own, as sidequest imports it from there for each job. */
export class BenchJob extends Job {
  async run({ data }: BenchData): Promise<void> {
    await current.workload!.run(data.index);
  }
}
