import type { DataSource, EntityManager } from 'typeorm';
import type { StepLease, StepPlace, Stepping, StepRecord } from '../engine/port/index.js';

export interface BenchSteppingParts {
  readonly inner: Stepping;
  /** Whether an attempt is performed without a task in the store: its steps are recorded nowhere. */
  readonly isPerformed: (taskId: string) => boolean;
  /** The database of the app in which its options keep the tasks; null where they do not. */
  readonly appDatabase: () => Promise<DataSource | null>;
}

/** Durable steps on the bench: the store is in memory, and not where the app's own rows are. */
export function benchStepping({ inner, isPerformed, appDatabase }: BenchSteppingParts): Stepping {
  const record = (lease: StepLease, step: StepRecord): Promise<boolean> =>
    isPerformed(lease.id) ? Promise.resolve(true) : inner.record(lease, step);
  const transact = async (
    lease: StepLease,
    place: StepPlace,
    run: (manager: EntityManager) => Promise<StepRecord>,
  ): Promise<boolean> => {
    const source = await appDatabase();
    if (!source) return inner.transact(lease, place, run);
    return record(lease, await source.transaction(run));
  };
  return Object.assign(Object.create(inner) as Stepping, { record, transact });
}
