import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Specs that take long, the longest first: begun last, one of them would keep a core busy while the others rest. */
const LONG = [
  'test/conformance/bullmq-postgres.spec.ts',
  'test/engines/bullmq-postgres.spec.ts',
  'test/engines/bullmq-redis.spec.ts',
  'test/browser/page.spec.ts',
  'test/conformance/sqlite-thread.spec.ts',
  'test/steps/bullmq-postgres.spec.ts',
  'test/conformance/bullmq-redis.spec.ts',
  'test/migrate/round-trip.spec.ts',
  'test/deploys/bullmq-postgres.spec.ts',
  'test/restarts/restarts.spec.ts',
  'test/browser/overview.spec.ts',
  'test/backup/backup.spec.ts',
  'test/migrate/refusals.spec.ts',
  'test/model/sqlite.spec.ts',
  'test/chaos/broken-engines.spec.ts',
  'test/migrate/killed-move.spec.ts',
  'test/bad-days/handlers.spec.ts',
  'test/faults/bullmq-postgres.spec.ts',
  'test/sample/import-after-crash.spec.ts',
  'test/kill/claimed-ahead.spec.ts',
  'test/faults/bullmq-redis.spec.ts',
  'test/model/flow/flow.spec.ts',
  'test/kill/killed-bullmq-postgres-workers.spec.ts',
  'test/kill/killed-bullmq-redis-workers.spec.ts',
  'test/model/bullmq-postgres.spec.ts',
  'test/model/bullmq-redis.spec.ts',
  'test/kill/killed-workers.spec.ts',
  'test/chaos/postgres.spec.ts',
  'test/bad-days/store.spec.ts',
  'test/kill/one-file.spec.ts',
  'test/chaos/sqlite.spec.ts',
];

/** A clean clone knows of no earlier run, and the size of a spec says little: the suites are in other files. */
export default class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specs);
    return sorted.toSorted((one, other) => orderOf(one) - orderOf(other) || this.rank(one) - this.rank(other));
  }

  private rank({ moduleId }: TestSpecification): number {
    const index = LONG.indexOf(path.relative(this.ctx.config.root, moduleId).replaceAll(path.sep, '/'));
    return index < 0 ? LONG.length : index;
  }
}

/** Projects run one after the other. */
function orderOf({ project }: TestSpecification): number {
  return project.config.sequence.groupOrder;
}
