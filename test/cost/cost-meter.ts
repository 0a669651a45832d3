import Database from 'better-sqlite3';
import { vi, type MockInstance } from 'vitest';

/** What something cost the store. */
export interface Cost {
  /** Statements executed, without those that begin and end a transaction, and looks for others' commits, which go by time. */
  readonly statements: number;
  /** Rows that statements gave back. */
  readonly read: number;
  /** Rows inserted, changed and deleted, those of foreign keys too. */
  readonly changed: number;
  readonly commits: number;
}

interface Statement {
  readonly source: string;
  readonly database: Database.Database;
}

type Call = (this: Statement, ...parameters: unknown[]) => unknown;

/** Counts every statement that better-sqlite3 executes in this process, from its making to `stop`. */
export class CostMeter {
  private statements = 0;
  private read = 0;
  private commits = 0;
  /** Statements since the last commit, and the most that one had. */
  private sinceCommit = 0;
  private most = 0;
  private paused = false;
  private first: Database.Database | null = null;
  private readonly spies: MockInstance[] = [];

  constructor() {
    const prototype = statementPrototype();
    for (const method of ['run', 'get', 'all'] as const) {
      const original = prototype[method];
      const count = (statement: Statement, result: unknown): void => this.count(statement, method, result);
      const spy = vi.spyOn(prototype, method).mockImplementation(function (this: Statement, ...parameters: unknown[]) {
        const result = original.apply(this, parameters);
        count(this, result);
        return result;
      });
      this.spies.push(spy);
    }
  }

  stop(): void {
    for (const spy of this.spies) spy.mockRestore();
  }

  /** The first connection that executed anything. */
  get database(): Database.Database {
    if (!this.first) throw new Error('Nothing was executed yet');
    return this.first;
  }

  /** The most statements from one commit to the next, of what was measured last. */
  get mostInCommit(): number {
    return this.most;
  }

  /** What `work` costs, all of it on that first connection. */
  async measure(work: () => Promise<unknown>): Promise<Cost> {
    this.most = this.sinceCommit = 0;
    const before = this.total();
    await work();
    const after = this.total();
    return {
      statements: after.statements - before.statements,
      read: after.read - before.read,
      changed: after.changed - before.changed,
      commits: after.commits - before.commits,
    };
  }

  /** A value from the store, which costs nothing. */
  peek(sql: string, ...parameters: readonly unknown[]): number {
    this.paused = true;
    try {
      return this.database
        .prepare<unknown[], number>(sql)
        .pluck()
        .get(...parameters)!;
    } finally {
      this.paused = false;
    }
  }

  private total(): Cost {
    const { statements, read, commits } = this;
    return { statements, read, commits, changed: this.peek('SELECT total_changes()') };
  }

  private count({ source, database }: Statement, method: 'run' | 'get' | 'all', result: unknown): void {
    if (this.paused) return;
    this.first ??= database;
    if (/^\s*COMMIT/i.test(source)) {
      this.commits += 1;
      this.most = Math.max(this.most, this.sinceCommit);
      this.sinceCommit = 0;
    }
    if (/^\s*(BEGIN|COMMIT|ROLLBACK|PRAGMA data_version)/i.test(source)) return;
    this.statements += 1;
    this.sinceCommit += 1;
    if (method === 'all') this.read += (result as unknown[]).length;
    if (method === 'get' && result !== undefined) this.read += 1;
  }
}

/** better-sqlite3 does not export the class of its statements. */
function statementPrototype(): Record<'run' | 'get' | 'all', Call> {
  const database = new Database(':memory:');
  const prototype: unknown = Object.getPrototypeOf(database.prepare('SELECT 1'));
  database.close();
  return prototype as Record<'run' | 'get' | 'all', Call>;
}
