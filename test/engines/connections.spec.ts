import { createServer } from 'node:net';
import { Logger } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TasksModuleOptions } from '../../lib/config/index.js';
import { StoreError, TasksConfigError } from '../../lib/contract/index.js';
import { bullmq, type BullmqOptions } from '../../lib/engine/bullmq/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { until } from '../support/until.js';

class Work {
  @TaskHandler('work')
  work(): void {}
}

function boot(engine: BullmqOptions, options: TasksModuleOptions = {}) {
  return bootApp({
    tasks: { database: undefined, engine: bullmq(engine), workers: { default: 1 }, ...options },
    providers: [Work],
  });
}

/** A task is enqueued, run and seen to end: by the queue's side, a worker and events. */
async function works(engine: BullmqOptions): Promise<void> {
  const tasks = dispatcherOf(await boot(engine));
  expect(await ended(tasks, (await tasks.queue('default', 'work', {})).id)).toMatchObject({ state: 'completed' });
  expect(await tasks.workers()).toHaveLength(1);
}

function refusal(options: object): Promise<string> {
  return boot(options as BullmqOptions).then(
    () => 'it booted',
    (error: unknown) => {
      expect(error).toBeInstanceOf(TasksConfigError);
      return (error as Error).message;
    },
  );
}

/** A port where nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describeWith('redis', 'A connection to Redis', () => {
  let redis: SharedRedis;

  beforeAll(async () => {
    redis = await SharedRedis.join();
  });

  it.each<[string, (url: string, port: number) => NonNullable<BullmqOptions['connection']>]>([
    ['a URL', (url) => url],
    ['a URL with a database', (url) => `${url}/1`],
    ['host and port in a text', (_url, port) => `127.0.0.1:${port}`],
    ['{ url }', (url) => ({ url })],
    ['{ url } that wins over what stands beside it', (url) => ({ url, host: 'nowhere.invalid', port: 1 })],
    ['{ host, port } with a port as text', (_url, port) => ({ host: '127.0.0.1', port: String(port) })],
    ['lazyConnect', (url) => ({ url, lazyConnect: true })],
    ['maxRetriesPerRequest: null', (url) => ({ url, maxRetriesPerRequest: null })],
    ['maxRetriesPerRequest: 5', (url) => ({ url, maxRetriesPerRequest: 5 })],
    ['enableOfflineQueue: false', (url) => ({ url, enableOfflineQueue: false })],
    ['enableAutoPipelining', (url) => ({ url, enableAutoPipelining: true })],
    ['enableReadyCheck: false', (url) => ({ url, enableReadyCheck: false, db: '2' })],
    ['stringNumbers', (url) => ({ url, stringNumbers: true })],
    ['commandTimeout', (url) => ({ url, commandTimeout: 2_000 })],
    ['options in the query of a URL', (url) => `${url}/3?family=4`],
    ['retryStrategy and others', (url) => ({ url, retryStrategy: () => 100, family: 4, socketTimeout: undefined })],
  ])('works on every side, given as %s', async (_what, connection) => {
    // A default of localhost:6379 would meet no server here.
    await works({ connection: connection(redis.url, redis.port), prefix: redis.createPrefix() });
  });

  it.each([{}, { lazyConnect: true }, { maxRetriesPerRequest: null }])(
    "works on every side, given as a client of the app with %j, which stays the app's",
    async (options) => {
      const client = new Redis({ ...redis.connection, ...options });
      onTestEnd(() => client.disconnect());
      const app = await boot({ connection: client, prefix: redis.createPrefix() });
      const tasks = dispatcherOf(app);
      expect(await ended(tasks, (await tasks.queue('default', 'work', {})).id)).toMatchObject({ state: 'completed' });
      await app.close();
      expect(await client.ping()).toBe('PONG');
    },
  );

  it.each<[object, RegExp]>([
    [{ connection: { uri: 'redis://prod' } }, /connection has "uri".*give "url"/],
    [{ connection: { hostname: 'prod' } }, /connection has "hostname".*give "host"/],
    [{ connection: { socket: { host: 'prod' } } }, /connection has "socket".*"host" and "port"/],
    [{ connection: { host: 'prod', keyPrefix: 'shop' } }, /connection has "keyPrefix".*"prefix" beside "connection"/],
    [{ connection: { rootNodes: [] } }, /connection has "rootNodes".*Cluster of ioredis/],
    [{ connection: { url: undefined } }, /connection has a "url" that is undefined.*variable/],
    [{ connection: { url: '' } }, /connection has a "url" that is empty/],
    [{ connection: { url: 'http://prod' } }, /connection has a "url" that must be a URL such as "redis:/],
    [{ connection: 'postgres://secret@prod' }, /connection must be a URL such as "redis:/],
    [{ connection: { host: 'prod', port: NaN } }, /connection has a "port" that is no number/],
    [{ connection: { host: 'prod', port: '' } }, /connection has a "port" that is no number.*variable/],
    [{ connection: { host: 'prod', port: 'six' } }, /connection has a "port" that is no number/],
    [{ connection: { host: 'prod', port: 70_000 } }, /connection has a "port" that is no number/],
    [{ connection: { host: 'prod', db: 'jobs' } }, /connection has a "db" that is no number/],
    [{ connection: { url: 'redis://prod', db: NaN } }, /connection has a "db" that is no number/],
    [{ connection: { host: 'redis://:secret@prod:6379' } }, /connection has a "host" that is a URL: give "url"/],
    [{ connection: { host: 'prod:6379' } }, /connection has a "host" with the port behind it: give "host" and "port"/],
    [{ connection: { host: 'prod', ssl: true } }, /connection has "ssl".*give "tls"/],
    [{ connection: { sentinels: [{}], masterName: 'shop' } }, /connection has "masterName".*"name" beside "sentinels"/],
    [{ connection: { sentinels: [{ host: 'prod' }] } }, /connection has "sentinels", and no "name"/],
    [{ connection: 6379 }, /connection must be \{ host/],
    [{ connection: { sendCommand: () => null, isOpen: true } }, /connection must be a client of ioredis/],
  ])('that ioredis would take otherwise is refused by name: %j', async (options, message) => {
    const told = await refusal(options);
    expect(told).toMatch(message);
    expect(told).not.toContain('secret');
  });

  it('is refused with a key prefix of the client, and in a cluster without braces', async () => {
    const client = new Redis({ lazyConnect: true, keyPrefix: 'shop' });
    expect(await refusal({ connection: client })).toMatch(/"keyPrefix".*"prefix" beside/);
    const prefixed = new Cluster([{ port: 1 }], { lazyConnect: true, redisOptions: { keyPrefix: 'shop' } });
    expect(await refusal({ connection: prefixed, prefix: '{shop}' })).toMatch(/"keyPrefix".*"prefix" beside/);
    const cluster = new Cluster([{ port: 1 }], { lazyConnect: true });
    expect(await refusal({ connection: cluster, prefix: 'shop' })).toMatch(/prefix must have braces in a cluster/);
  });

  it('that meets no server names it, and says what would be right', async () => {
    const port = await deadPort();
    const booted = boot({ connection: { host: '127.0.0.1', port, password: 'topsecret' } });
    await expect(booted).rejects.toThrow(StoreError);
    await expect(booted).rejects.toThrow(`Redis at 127.0.0.1:${port} cannot be used`);
    await expect(booted).rejects.toThrow(/ECONNREFUSED.*nothing listens there/);
    await expect(booted).rejects.not.toThrow(/topsecret/);
  });

  it('with a wrong password fails at once, and says so', async () => {
    const booted = boot({ connection: { ...redis.connection, username: 'nobody', password: 'topsecret' } });
    await expect(booted).rejects.toThrow(
      /WRONGPASS.*wrong password or user name: give the user name and password that it knows/,
    );
    await expect(booted).rejects.not.toThrow(/topsecret/);
  });
});

describeWith('redis', 'A Redis that an app loses while it runs', () => {
  let redis: RedisServer;
  let place: string;
  let lines: string[];

  beforeEach(async () => {
    redis = await RedisServer.start();
    place = `Redis at ${redis.host}:${redis.port}`;
    lines = [];
    const spies = [
      ...(['log', 'warn', 'error'] as const).map((level) => vi.spyOn(Logger.prototype, level)),
      // Where the drivers speak for themselves.
      ...(['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level)),
    ];
    for (const spy of spies) spy.mockImplementation((text: unknown) => void lines.push(String(text)));
    onTestEnd(async () => {
      for (const spy of spies) spy.mockRestore();
      await redis.remove();
    });
  });

  async function bootOn(password?: string) {
    const connection = { host: redis.host, port: redis.port, ...(password !== undefined && { password }) };
    const tasks = dispatcherOf(
      await boot({ connection }, { workers: { default: 5, mails: 5, images: 5, imports: 5 } }),
    );
    await ended(tasks, (await tasks.queue('default', 'work', {})).id);
    lines.length = 0;
    return tasks;
  }

  const refusals = (tasks: TaskDispatcher): Promise<string[]> =>
    Promise.all(
      Array.from({ length: 40 }, () =>
        tasks.queue('default', 'work', {}).then(
          () => 'it was stored',
          (error: unknown) => (error as Error).message,
        ),
      ),
    );

  it('has one warning that names it, as has each caller, and one line when it is back', async () => {
    const tasks = await bootOn();
    await redis.stop();
    for (const text of await refusals(tasks)) expect(text).toMatch(new RegExp(`${place} cannot be used \\(.+\\)`));
    await redis.restart();
    await until('it to be back', () => lines.some((line) => line.includes('answers again, after')));
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^${place} cannot be used`)),
      expect.stringMatching(new RegExp(`^${place} answers again, after`)),
    ]);
  });

  it('has one warning that says so where its password was changed', async () => {
    const admin = new Redis({ host: redis.host, port: redis.port });
    onTestEnd(() => admin.disconnect());
    await admin.config('SET', 'requirepass', 'topsecret');
    const tasks = await bootOn('topsecret');
    await admin.config('SET', 'requirepass', 'another');
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
    await until('the change to be noticed', () => lines.some((line) => line.includes('wrong password')));
    for (const text of await refusals(tasks)) expect(text).toMatch(new RegExp(`${place} cannot.*wrong password`));
    expect(lines.filter((line) => line.includes('wrong password'))).toHaveLength(1);
    expect(lines.join('\n')).not.toMatch(/topsecret|another/);
    await admin.config('SET', 'requirepass', 'topsecret');
    await until('it to let the app in', () => lines.some((line) => line.includes('answers again, after')));
  });
});

describeWith('postgres', 'A connection to PostgreSQL', () => {
  let postgres: SharedPostgres;

  beforeAll(async () => {
    postgres = await SharedPostgres.join();
  });
  afterAll(() => postgres.leave());

  it.each<[string, (url: string) => NonNullable<BullmqOptions['postgres']>]>([
    ['a URL', (url) => url],
    ['a URL with options of its own', (url) => `${url}?options=-c%20statement_timeout%3D20000&application_name=shop`],
    ['{ connectionString, max }', (url) => ({ connectionString: url, max: 2 })],
    [
      '{ host, port, user, database }',
      (url) => {
        const { hostname: host, port, username: user, pathname } = new URL(url);
        return { host, port: Number(port), user, database: pathname.slice(1) };
      },
    ],
    ['a pool of the app', (url) => new Pool({ connectionString: url })],
  ])('works on every side, given as %s', async (_what, given) => {
    await works({ postgres: given(await postgres.createDatabase()) });
  });

  it('makes no tables with migrate: false', async () => {
    const connectionString = await postgres.createDatabase();
    await expect(boot({ postgres: { connectionString, migrate: false } })).rejects.toThrow(StoreError);
    await (await boot({ postgres: connectionString })).close();
    await works({ postgres: { connectionString, migrate: false } });
  });

  it.each<[object, RegExp]>([
    [{ postgres: { url: 'postgres://prod' } }, /postgres has "url".*give "connectionString"/],
    [{ postgres: { username: 'shop' } }, /postgres has "username".*give "user"/],
    [{ postgres: { host: 'prod', schema: 'shop' } }, /postgres has "schema".*the schema "bullmq"/],
    [{ postgres: { host: 'prod', search_path: 'shop' } }, /postgres has "search_path".*the schema "bullmq"/],
    [{ postgres: { service: 'shop' } }, /postgres has "service".*no file of services/],
    [{ postgres: { host: 'prod', sslmode: 'require' } }, /postgres has "sslmode".*give "ssl"/],
    [{ postgres: { host: 'prod', port: NaN } }, /postgres has a "port" that is no number.*variable/],
    [{ postgres: { host: 'prod', port: '' } }, /postgres has a "port" that is no number/],
    [{ postgres: { host: 'postgres://shop:secret@prod' } }, /"host" that is a URL: give "connectionString"/],
    [{ postgres: { host: 'prod:5432' } }, /postgres has a "host" with the port behind it/],
    [{ postgres: { connectionString: undefined } }, /postgres has a "connectionString" that is empty/],
    [{ postgres: 'mysql://secret@prod' }, /postgres must be a connection string that begins with "postgres:/],
    [{ postgres: { query: () => null } }, /postgres must be a pool of pg/],
  ])('that pg would take otherwise is refused by name: %j', async (options, message) => {
    const told = await refusal(options);
    expect(told).toMatch(message);
    expect(told).not.toContain('secret');
  });

  it('that meets no server, or no database, names it and says what would be right', async () => {
    const port = await deadPort();
    await expect(boot({ postgres: `postgres://shop:topsecret@127.0.0.1:${port}/shop` })).rejects.toThrow(
      new RegExp(`PostgreSQL at 127.0.0.1:${port}, database "shop" cannot be used.*nothing listens there`),
    );
    const url = new URL(await postgres.createDatabase());
    url.pathname = '/missing';
    await expect(boot({ postgres: url.href })).rejects.toThrow(/database "missing".*create the database/);
  });
});

describe('A server that is away', () => {
  it('is one warning that names it, and one line when it is back', async () => {
    const { ServerWatch } = await import('../../lib/engine/bullmq/connections/server-watch.js');
    const lines: string[] = [];
    const logger = {
      log: (text: string) => lines.push(text),
      warn: (text: string) => lines.push(text),
      error: vi.fn(),
    };
    let now = 0;
    const watch = new ServerWatch('Redis at prod:6379', logger, () => now);
    const refused = (): Error =>
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' });
    for (let error = 0; error < 40; error += 1) watch.report(refused());
    expect(lines).toEqual([expect.stringContaining('Redis at prod:6379 cannot be used (connect ECONNREFUSED')]);
    expect(watch.describe(new Error('Reached the max retries per request limit (which is 3).'))).toContain(
      'ECONNREFUSED',
    );
    now = 61_000;
    watch.report(refused());
    expect(lines[1]).toContain('That is so for 61 s, with 41 errors.');
    watch.answered();
    expect(lines[2]).toBe('Redis at prod:6379 answers again, after 61 s and 41 errors.');
    watch.report(new Error('odd'));
    watch.report(new Error('odd'));
    expect(lines.slice(3)).toEqual(['Redis at prod:6379: odd']);
  });

  it.each([
    ['as Redis says it', new Error('WRONGPASS invalid username-password pair or user is disabled.')],
    ['as an old Redis says it', new Error('ERR invalid password')],
    [
      'in a cluster',
      Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError: new Error('WRONGPASS invalid') }),
    ],
    [
      'behind sentinels',
      new Error('All sentinels are unreachable. Retrying from scratch after 10ms. Last error: ERR invalid password'),
    ],
    ['as PostgreSQL says it', Object.assign(new Error('password authentication failed'), { code: '28P01' })],
  ])('for a wrong password is said to have one, %s', async (_how, error) => {
    const { ServerWatch } = await import('../../lib/engine/bullmq/connections/server-watch.js');
    const warn = vi.fn();
    const watch = new ServerWatch('Redis at prod:6379', { log: vi.fn(), warn, error: vi.fn() }, () => 0);
    watch.report(error);
    watch.report(error);
    const told = expect.stringMatching(/^Redis at prod:6379 cannot be used .*: wrong password or user name/) as string;
    expect(warn.mock.calls).toEqual([[told]]);
    expect(watch.describe(error)).toEqual(told);
  });
});
