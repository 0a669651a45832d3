import Database from 'better-sqlite3';
import { Redis } from 'ioredis';
import pg from 'pg';

/**
 * Where a process ends itself, as by SIGKILL. `effect`: within a step, which has had its effect and is not recorded; `return`: the
 * handler has what a step gave; `before` and `after` a commit of the store, whatever is in it.
 */
export const KILL_POINTS = ['effect', 'return', 'before', 'after'] as const;
export type KillPointName = (typeof KILL_POINTS)[number];

/** Where, and how often it is passed before that. Handed to a process as JSON in its environment. */
export interface KillPoint {
  readonly at: KillPointName;
  readonly passing: number;
  /** Whether it is passed over until the first handler of the process is called. Default: false. */
  readonly atWork?: boolean;
}

export const KILL_POINT_VARIABLE = 'KILL_POINT';

/** Counts down to the point at which this process is to end. */
export class Fate {
  private left: number;
  private isCounting: boolean;

  /** @param onEnd called at the very last moment */
  constructor(
    private readonly point: KillPoint | null,
    private readonly onEnd: () => void,
  ) {
    this.left = point?.passing ?? 0;
    this.isCounting = !point?.atWork;
  }

  /** Of the process whose environment this is. */
  static in(env: NodeJS.ProcessEnv, onEnd: () => void): Fate {
    const point = env[KILL_POINT_VARIABLE];
    return new Fate(point === undefined ? null : (JSON.parse(point) as KillPoint), onEnd);
  }

  /** A handler is called. */
  work(): void {
    this.isCounting = true;
  }

  pass(name: KillPointName): void {
    if (this.point?.at !== name || !this.isCounting) return;
    if (this.left-- > 0) return;
    this.onEnd();
    process.kill(process.pid, 'SIGKILL');
  }

  /** From now on, scripts of Redis take the place of commits. */
  watchScripts(): void {
    const pass = (name: KillPointName): void => this.pass(name);
    const { sendCommand } = Redis.prototype;
    Redis.prototype.sendCommand = function (command, stream) {
      if (!command.name.startsWith('eval')) return sendCommand.call(this, command, stream);
      pass('before');
      const sent = sendCommand.call(this, command, stream);
      void (sent as Promise<unknown>).then(
        () => pass('after'),
        () => undefined,
      );
      return sent;
    };
  }

  /** From now on, statements of PostgreSQL take the place of commits. */
  watchQueries(): void {
    const pass = (name: KillPointName): void => this.pass(name);
    const prototype = pg.Client.prototype as unknown as { query(...given: unknown[]): unknown };
    const { query } = prototype;
    prototype.query = function (...given) {
      pass('before');
      const sent = query.apply(this, given);
      if (sent instanceof Promise) {
        sent.then(
          () => pass('after'),
          () => undefined,
        );
      }
      return sent;
    };
  }

  /**
   * From now on, those of every connection of this thread.
   * @param having only those of transactions in which this statement ran
   */
  watchCommits(having: string | null = null): void {
    let isMeant = having === null;
    const pass = (name: KillPointName): void => this.pass(name);
    const prototype = Database.prototype as unknown as {
      prepare(sql: string): { run(...parameters: unknown[]): unknown };
    };
    const { prepare } = prototype;
    prototype.prepare = function (sql) {
      const prepared = prepare.call(this, sql);
      if (sql !== 'COMMIT' && sql !== having) return prepared;
      const run = prepared.run.bind(prepared);
      prepared.run = (...parameters) => {
        if (sql === having) {
          isMeant = true;
          return run(...parameters);
        }
        if (isMeant) pass('before');
        const result = run(...parameters);
        if (isMeant) pass('after');
        isMeant = having === null;
        return result;
      };
      return prepared;
    };
  }
}
