import type { ContestantInfo } from '../contestant.js';

const SYNCED = 'each commit is synced to disk (`synchronous=FULL`)';
const LAST_COMMITS_AT_RISK = 'a power loss may take the last commits (`synchronous=NORMAL`, its own choice)';
const POSTGRES_SYNCED = 'each commit is synced to disk (`synchronous_commit=on`)';

export const LIBRARY = 'library';
export const RAW = 'raw';
export const IN_PLACE = 'library-in-place';

/** All that are measured, the library first. */
export const CONTESTANTS: readonly ContestantInfo[] = [
  {
    name: LIBRARY,
    title: 'nestjs-tasks',
    packages: ['typeorm', '@nestjs/core', 'better-sqlite3'],
    store: 'file',
    node: 'current',
    durability: SYNCED,
    settings: 'a Nest app, params checked by class-validator at both ends; else as it comes',
    load: async () => (await import('./library.js')).Library,
  },
  {
    name: RAW,
    title: 'raw better-sqlite3',
    packages: ['better-sqlite3'],
    store: 'file',
    node: 'current',
    durability: SYNCED,
    settings: "the limit: the library's tables, prepared statements, nothing else; claims and acknowledges in hundreds",
    load: async () => (await import('./raw-sqlite.js')).RawSqlite,
  },
  {
    name: IN_PLACE,
    title: 'nestjs-tasks in place',
    packages: ['typeorm', '@nestjs/core', 'better-sqlite3'],
    store: 'file',
    node: 'current',
    durability: SYNCED,
    settings: "as nestjs-tasks, with the engine in the app's thread (`thread: false`)",
    measures: ['thread', 'http'],
    load: async () => (await import('./library.js')).LibraryInPlace,
  },
  {
    name: 'plainjob',
    title: 'plainjob',
    packages: ['plainjob'],
    store: 'file',
    node: 'current',
    durability: LAST_COMMITS_AT_RISK,
    settings: 'as many workers as concurrency, polling every 10 ms instead of 1 s',
    load: async () => (await import('../peers/plainjob.js')).Plainjob,
  },
  {
    name: 'liteque',
    title: 'liteque',
    packages: ['liteque'],
    store: 'file',
    node: 'peers',
    durability: LAST_COMMITS_AT_RISK,
    settings: 'WAL, polling every 10 ms instead of 1 s',
    slow: true,
    load: async () => (await import('../peers/liteque.js')).Liteque,
  },
  {
    name: 'sidequest',
    title: 'sidequest on SQLite',
    packages: ['sidequest', '@sidequest/sqlite-backend'],
    store: 'file',
    node: 'peers',
    durability: 'each commit is synced to disk (rollback journal, `synchronous=FULL`)',
    settings: 'in the process of the app (`fork: false`, `runner: "inline"`), polling every 10 ms instead of 100',
    slow: true,
    load: async () => (await import('../peers/sidequest.js')).SidequestPeer,
  },
  {
    name: 'bullmq-redis',
    title: 'BullMQ on Redis',
    packages: ['bullmq', 'ioredis'],
    store: 'redis',
    node: 'current',
    durability: 'a crash of the machine may take the last second (`appendfsync everysec`)',
    settings: 'append-only file, no snapshots; `addBulk` for many',
    load: async () => (await import('./bullmq.js')).Bullmq,
  },
  {
    name: 'bullmq-postgres',
    title: 'BullMQ on PostgreSQL',
    packages: ['bullmq', 'pg'],
    store: 'postgres',
    node: 'current',
    durability: POSTGRES_SYNCED,
    settings: '`addBulk` for many',
    load: async () => (await import('./bullmq.js')).Bullmq,
  },
  {
    name: 'pg-boss',
    title: 'pg-boss',
    packages: ['pg-boss'],
    store: 'postgres',
    node: 'peers',
    durability: POSTGRES_SYNCED,
    settings: '`useListenNotify`, batches of 500 with `burstWhenBatchFull`, polling every 0.5 s',
    load: async () => (await import('../peers/pg-boss.js')).PgBossPeer,
  },
  {
    name: 'graphile',
    title: 'Graphile Worker',
    packages: ['graphile-worker'],
    store: 'postgres',
    node: 'peers',
    durability: POSTGRES_SYNCED,
    settings: 'as it comes, which is polling every 2 s for delayed tasks; `addJobs` for many',
    load: async () => (await import('../peers/graphile-worker.js')).GraphileWorker,
  },
  {
    name: 'graphile-local',
    title: 'Graphile Worker, local queue',
    packages: ['graphile-worker'],
    store: 'postgres',
    node: 'peers',
    durability: POSTGRES_SYNCED,
    settings:
      '`localQueue.size: 500`, `completeJobBatchDelay: 0`, `failJobBatchDelay: 0`, as its documentation has it; else as above',
    load: async () => (await import('../peers/graphile-worker.js')).GraphileWorkerWithLocalQueue,
  },
];

export function contestantOf(name: string): ContestantInfo {
  return CONTESTANTS.find((contestant) => contestant.name === name)!;
}
