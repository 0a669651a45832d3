import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { bullmq, type TasksModuleOptions } from '../../lib/index.js';
import { useProgram } from '../support/run/use-program.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { SharedRedis } from '../support/servers/shared-redis.js';

const PROCESSES = 3;

const program = useProgram('test/admin/worker/main');

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const exited = once(child, 'exit');
    child.disconnect();
    await exited;
  }
});

/** A process of an app that is about to listen. */
async function ready(options: TasksModuleOptions): Promise<ChildProcess> {
  const child = fork(program.file, [JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  await once(child, 'message');
  return child;
}

/** Has the process listen. Resolves to the address of its panel. */
async function addressOf(child: ChildProcess): Promise<URL> {
  child.send('listen');
  let printed = '';
  for await (const chunk of child.stdout!.setEncoding('utf8')) {
    printed += chunk as string;
    const address = /Panel: (http:\S+#key=[\w-]{43})/.exec(printed)?.[1];
    if (address) return new URL(address);
  }
  throw new Error(`The process ended and told no address:\n${printed}`);
}

/** The test of each store; its server is the run's. */
function itIsShared(options: () => TasksModuleOptions): void {
  it('is one for processes that start at the same moment, and for one that comes later', async () => {
    const first = await Promise.all(Array.from({ length: PROCESSES }, () => ready(options())));
    const addresses = await Promise.all(first.map(addressOf));
    addresses.push(await addressOf(await ready(options())));
    const keys = new Set(addresses.map(({ hash }) => hash));
    expect(keys.size).toBe(1);
    const headers = { Authorization: `Bearer ${[...keys][0]!.replace('#key=', '')}` };
    for (const { origin } of addresses) {
      expect((await fetch(`${origin}/admin/tasks/api/queues`)).status).toBe(401);
      expect((await fetch(`${origin}/admin/tasks/api/queues`, { headers })).status).toBe(200);
    }
  });
}

describeWith([], 'the key of a SQLite store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-key-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  itIsShared(() => ({ database: join(folder, 'tasks.db') }));
});

describeWith('redis', 'the key of a store on Redis', () => {
  let redis: SharedRedis;
  let engine: TasksModuleOptions['engine'];
  let prefix: string;
  beforeAll(async () => {
    redis = await SharedRedis.join();
    prefix = redis.createPrefix();
    engine = bullmq({ connection: redis.connection, prefix });
  });
  itIsShared(() => ({ engine }));

  it('is taken anew by a process that runs on while Redis is emptied', async () => {
    const running = await addressOf(await ready({ engine }));
    const client = new Redis(redis.connection);
    await client.del(await client.keys(`${prefix}*`));
    client.disconnect();
    const later = await addressOf(await ready({ engine }));
    expect(later.hash).not.toBe(running.hash);
    const ask = async ({ hash }: URL): Promise<number> => {
      const headers = { Authorization: `Bearer ${hash.replace('#key=', '')}` };
      return (await fetch(`${running.origin}/admin/tasks/api/queues`, { headers })).status;
    };
    expect(await ask(later)).toBe(200);
    expect(await ask(running)).toBe(401);
  });
});

describeWith('postgres', 'the key of a store on PostgreSQL', () => {
  let postgres: SharedPostgres;
  let url: string;
  beforeAll(async () => {
    postgres = await SharedPostgres.join();
    url = await postgres.createDatabase();
  });
  afterAll(() => postgres.leave());
  itIsShared(() => ({ engine: bullmq({ postgres: url }) }));
});
