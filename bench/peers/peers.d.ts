/**
 * Of the peers' types, what the benchmarks use. The peers are installed only where benchmarks run, and the code has to
 * compile everywhere.
 */

declare module 'plainjob' {
  import type { Database } from 'better-sqlite3';
  type Connection = { readonly driver: string };
  type Logger = Record<'error' | 'warn' | 'info' | 'debug', (message: string) => void>;
  interface Queue {
    add(type: string, data: unknown, options?: { delay?: number }): { id: number };
    addMany(type: string, data: unknown[], options?: { delay?: number }): { ids: number[] };
    countJobs(options?: { type?: string; status?: number }): number;
    close(): void;
  }
  interface Worker {
    start(): Promise<void>;
    stop(): Promise<void>;
  }
  export function better(database: Database): Connection;
  export function defineQueue(options: { connection: Connection; logger?: Logger }): Queue;
  export function defineWorker(
    type: string,
    run: (job: { id: number; data: string }) => Promise<void> | void,
    options: { queue: Queue; logger?: Logger; pollIntervall?: number },
  ): Worker;
}

declare module 'liteque' {
  type Client = { readonly query: object };
  export function buildDBClient(path: string, options: { runMigrations: boolean; walEnabled?: boolean }): Client;
  export class SqliteQueue<T> {
    constructor(
      name: string,
      client: Client,
      options: { defaultJobArgs: { numRetries: number }; keepFailedJobs: boolean },
    );
    enqueue(payload: T, options?: { delayMs?: number }): Promise<unknown>;
    stats(): Promise<{ pending: number; pending_retry: number; running: number; failed: number }>;
  }
  export class Runner<T> {
    constructor(
      queue: SqliteQueue<T>,
      functions: { run: (job: { data: T }) => Promise<void> },
      options: { concurrency: number; pollIntervalMs: number; timeoutSecs: number },
    );
    run(): Promise<void>;
    stop(): void;
  }
}

declare module 'sidequest' {
  export abstract class Job {
    abstract run(...args: never[]): unknown;
  }
  interface Builder {
    availableAt(at: Date): Builder;
    enqueue(...args: unknown[]): Promise<unknown>;
  }
  interface Options {
    backend: { driver: string; config: string };
    queues: { name: string; concurrency: number; state?: 'active' | 'paused' }[];
    maxConcurrentJobs: number;
    jobPollingInterval: number;
    fork: boolean;
    runner: 'inline' | 'thread';
    gracefulShutdown: boolean;
    logger: { level: string };
    dashboard: { enabled: boolean };
  }
  export const Sidequest: {
    configure(options: Options): Promise<unknown>;
    start(options: Options): Promise<void>;
    stop(): Promise<void>;
    build(job: new () => Job): Builder;
    job: { count(): Promise<Record<'waiting' | 'claimed' | 'running' | 'completed' | 'failed', number>> };
  };
}

declare module 'pg-boss' {
  interface Sql {
    executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  }
  export class PgBoss {
    constructor(options: { connectionString: string; useListenNotify?: boolean; max?: number });
    on(event: 'error', listener: (error: Error) => void): this;
    start(): Promise<this>;
    stop(options: { graceful: boolean; timeout?: number; close?: boolean }): Promise<void>;
    createQueue(name: string, options: { notify?: boolean }): Promise<void>;
    send(name: string, data: object, options?: { db?: Sql }): Promise<string | null>;
    insert(name: string, jobs: { data: object; startAfter?: Date }[]): Promise<unknown>;
    work<T>(
      name: string,
      options: {
        batchSize: number;
        burstWhenBatchFull?: boolean;
        pollingIntervalSeconds?: number;
        notifyPollingIntervalSeconds?: number;
      },
      handler: (jobs: { id: string; data: T }[]) => Promise<void>,
    ): Promise<string>;
    getDb(): Sql;
  }
}

declare module 'graphile-worker' {
  import type { Pool } from 'pg';
  interface JobSpec {
    identifier: string;
    payload: unknown;
    runAt?: Date;
  }
  interface Preset {
    worker: {
      localQueue?: { size: number };
      completeJobBatchDelay?: number;
      failJobBatchDelay?: number;
    };
  }
  export class Logger {
    constructor(factory: () => () => void);
  }
  export function makeWorkerUtils(options: { pgPool: Pool; logger: Logger }): Promise<{
    migrate(): Promise<void>;
    release(): Promise<void>;
    addJob(identifier: string, payload: unknown): Promise<unknown>;
    addJobs(specs: readonly JobSpec[]): Promise<unknown>;
  }>;
  export function run(options: {
    pgPool: Pool;
    logger: Logger;
    concurrency: number;
    noHandleSignals: boolean;
    taskList: Record<string, (payload: unknown) => void | Promise<void>>;
    preset?: Preset;
  }): Promise<{ stop(): Promise<void> }>;
}

declare module '@dbos-inc/dbos-sdk' {
  interface Config {
    name: string;
    systemDatabaseUrl: string;
    logLevel?: string;
  }
  interface Handle<Result> {
    getResult(): Promise<Result>;
  }
  type Workflow<Args extends unknown[], Result> = (...args: Args) => Promise<Result>;
  export class DBOS {
    static setConfig(config: Config): void;
    static launch(): Promise<void>;
    static shutdown(): Promise<void>;
    static registerWorkflow<Args extends unknown[], Result>(
      workflow: Workflow<Args, Result>,
      config: { name: string },
    ): Workflow<Args, Result>;
    static runStep<Result>(step: () => Promise<Result>, config: { name: string }): Promise<Result>;
    static startWorkflow<Args extends unknown[], Result>(
      workflow: Workflow<Args, Result>,
    ): (...args: Args) => Promise<Handle<Result>>;
  }
}
