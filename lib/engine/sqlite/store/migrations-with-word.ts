import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { monotonicTime } from '../../../clock/index.js';
import { listOf, plural } from '../../../contract/index.js';
import type { EngineLogger } from '../../port/index.js';
import type { Database } from './database.js';
import { pendingMigrations } from './known-schema.js';
import { TASKS_MIGRATIONS } from './migrations/index.js';

/** A file with more tasks than this is worth a word before its tables are changed. */
const MANY_TASKS = 100_000;
/** Milliseconds that a migration takes for each million tasks, at a guess on a slow disk; one that is not named reads none. */
const MS_PER_MILLION: Readonly<Record<string, number>> = {
  TasksByKind1764200000000: 4_000,
  ErrorGroups1764500000000: 4_000,
};

type MigrationClass = new () => MigrationInterface & { readonly name: string };

/**
 * Brings the tables up to date. Where many tasks are stored it says beforehand what will be done and about how long that
 * takes, as whoever waits for a start might end it, and then what has been done.
 */
export class MigrationsWithWord {
  private saysSo = false;

  constructor(
    private readonly path: string,
    private readonly logger: Pick<EngineLogger, 'log'>,
  ) {}

  /** For the DataSource that {@link run} is given. */
  readonly classes: MigrationClass[] = (TASKS_MIGRATIONS as readonly MigrationClass[]).map((Migration) => {
    const report = (name: string, milliseconds: number): void => this.report(name, milliseconds);
    return class extends Migration {
      override async up(runner: QueryRunner): Promise<void> {
        const begun = monotonicTime();
        await super.up(runner);
        report(this.name, monotonicTime() - begun);
      }
    };
  });

  async run(dataSource: DataSource, database: Database): Promise<void> {
    const pending = pendingMigrations(database);
    const tasks = pending.length === 0 ? 0 : countOf(database);
    this.saysSo = tasks > MANY_TASKS;
    if (this.saysSo) this.logger.log(announcement(this.path, pending, tasks));
    await dataSource.runMigrations({ transaction: 'none' });
  }

  private report(name: string, milliseconds: number): void {
    if (this.saysSo) this.logger.log(`The task store ${this.path}: ${name} took ${Math.ceil(milliseconds)} ms.`);
  }
}

function announcement(path: string, pending: readonly string[], tasks: number): string {
  const seconds = pending.reduce((sum, name) => sum + ((MS_PER_MILLION[name] ?? 0) * tasks) / 1e9, 0);
  const time =
    seconds < 1
      ? 'less than a second'
      : seconds < 90
        ? `about ${Math.ceil(seconds)} s`
        : `about ${Math.ceil(seconds / 60)} min`;
  return (
    `The task store ${path} has ${plural(tasks, 'task')} and tables of an older version: ${listOf(pending)} ` +
    `${pending.length === 1 ? 'runs' : 'run'} now, which takes ${time}. Whoever ends this process meanwhile loses nothing: ` +
    'the file stays as it was, and the next start begins with it anew.'
  );
}

/** By the counters, as counting a great table takes long itself; 0 where a process died before there were any. */
function countOf(database: Database): number {
  const exists = database.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'tasks_count'`).get();
  if (!exists) return 0;
  return database.prepare<[], number>(`SELECT coalesce(sum(count), 0) FROM tasks_count`).pluck().get()!;
}
