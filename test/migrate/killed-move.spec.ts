import { Redis } from 'ioredis';
import { Client } from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import Sqlite from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkStore } from '../../lib/engine/sqlite/backup/index.js';
import { rowOf } from '../../src/migrate/canonical-row.js';
import { Random } from '../kill/support/random.js';
import { onTestEnd } from '../module/support.js';
import { useProgram } from '../support/run/use-program.js';
import { describeWith } from '../support/servers/find-program.js';
import { PostgresServer } from '../support/servers/postgres-server.js';
import { until } from '../support/until.js';
import { MigrateProcess } from './support/migrate-process.js';
import { KINDS, type Kind, Places } from './support/places.js';
import { checksums, migrate } from './support/run-migrate.js';
import { someTasks } from './support/some-tasks.js';
import { fill, opened, read } from './support/stored.js';

const TASKS = 1_500;
const KILLS = 7;
/** Of the way, as the part of it that lies between two kills at most. */
const FURTHEST = 0.3;
const LOOK_EVERY_MS = 2;
/** A process that is not where it was to be killed by then is killed where it is. */
const PATIENCE_MS = 60_000;

/** Roughly how much stands in a store, told at once. */
type Measure = () => Promise<number>;

async function measureOf(address: string): Promise<Measure> {
  if (address.startsWith('redis:')) {
    const client = new Redis(address);
    client.on('error', () => undefined);
    onTestEnd(() => client.disconnect());
    const pattern = `${new URL(address).searchParams.get('prefix')}:*`;
    return async () => (await client.keys(pattern)).length;
  }
  if (address.startsWith('postgres:')) {
    const client = new Client({ connectionString: address });
    client.on('error', () => undefined);
    await client.connect();
    onTestEnd(() => client.end());
    return async () => {
      const found = await client.query<{ n: string }>('SELECT count(*) AS n FROM bullmq.job').catch(() => null);
      return Number(found?.rows[0]?.n ?? 0);
    };
  }
  return () => {
    if (!existsSync(address)) return Promise.resolve(0);
    const database = new Sqlite(address, { readonly: true });
    try {
      return Promise.resolve(database.prepare<[], number>('SELECT count(*) FROM tasks_task').pluck().get()!);
    } catch {
      return Promise.resolve(0);
    } finally {
      database.close();
    }
  };
}

describeWith(['redis', 'postgres'], 'A move that is killed', () => {
  const cli = useProgram('src/main');
  const dyingWorker = useProgram('test/migrate/support/dying-worker');
  let places: Places;

  beforeAll(async () => {
    places = await Places.open();
  }, 180_000);

  const pairs: Array<{ from: Kind; to: Kind; seed: number }> = [
    { from: 'SQLite', to: 'Redis', seed: 1 },
    { from: 'Redis', to: 'PostgreSQL', seed: 2 },
    { from: 'PostgreSQL', to: 'SQLite', seed: 3 },
  ];

  describe.each(pairs)('from $from to $to', ({ from, to, seed }) => {
    it('at random moments, and run again, comes to the same end', async () => {
      const random = new Random(seed);
      const [source, target] = [await places.make(from), await places.make(to)];
      const now = Date.now();
      const tasks = someTasks(TASKS, now);
      await fill(source.address, tasks);
      const [left, arrived] = [await measureOf(source.address), await measureOf(target.address)];
      const full = await left();
      // From 0 to 1 while it copies, to 2 while it deletes.
      const progress = async () => Math.min(1, (await arrived()) / TASKS) + 1 - (await left()) / full;

      const kills: number[] = [];
      const outputs: string[] = [];
      let ended = false;
      for (let kill = 0; kill < KILLS && !ended; kill += 1) {
        const process = new MigrateProcess(cli.file, source.address, target.address);
        const before = await progress();
        const further = before + random.next() * FURTHEST;
        const deadline = performance.now() + PATIENCE_MS;
        while (!process.hasEnded && performance.now() < deadline) {
          const come = await progress();
          if (come > before && come >= further) break;
          await sleep(LOOK_EVERY_MS);
        }
        await sleep(random.between(0, 30));
        if (await process.kill()) kills.push(await progress());
        else ended = true;
        outputs.push(process.output);
        if (ended) expect(await process.end(), process.output).toBe(0);
      }
      expect(kills, 'kills that came in time').not.toEqual([]);

      if (!ended) {
        const last = new MigrateProcess(cli.file, source.address, target.address);
        expect(await last.end(), last.output).toBe(0);
        outputs.push(last.output);
      }
      const printed = outputs.join('');
      expect(printed).toMatch(new RegExp(`^total +${TASKS} +${TASKS}$`, 'm'));
      const sums = checksums({ out: printed });
      expect(sums.filter((_sum, index) => index % 2 === 0)).toEqual(sums.filter((_sum, index) => index % 2 === 1));
      const moved = await read(await opened(target.address));
      expect(moved.map((task) => rowOf(task, now))).toEqual(tasks.map((task) => rowOf(task, now)));
      expect(await read(await opened(source.address))).toEqual([]);
      expect(await (await opened(source.address)).readMark()).toBe(null);
      expect(await (await opened(target.address)).readMark()).toBe(null);
      for (const { address } of [source, target]) {
        if (existsSync(address)) expect(await checkStore(address, { lease: 1_000 })).toEqual([]);
      }
    }, 300_000);
  });

  it('by a crash of the server comes to the same end too', async () => {
    const server = await PostgresServer.start();
    onTestEnd(() => server.remove());
    const [source, target] = [await places.make('SQLite'), { address: await server.createDatabase() }];
    const now = Date.now();
    const tasks = someTasks(TASKS, now);
    await fill(source.address, tasks);
    const arrived = await measureOf(target.address);
    const first = new MigrateProcess(cli.file, source.address, target.address);
    await until('a part was copied', async () => first.hasEnded || (await arrived()) > TASKS / 4);
    await server.kill();
    await server.restart();
    // It may have gone on when the server was there again.
    if ((await first.end()) !== 0) {
      expect(first.output).toContain('The move is not finished: run the command again to go on.');
      const again = await migrate(source.address, target.address);
      expect(again.code, again.err).toBe(0);
    }
    const moved = await read(await opened(target.address));
    expect(moved.map((task) => rowOf(task, now))).toEqual(tasks.map((task) => rowOf(task, now)));
    expect(await read(await opened(source.address))).toEqual([]);
  }, 180_000);

  describe.each(KINDS)('out of %s', (kind) => {
    it('takes along what a process that was killed was running, once its lease is over', async () => {
      const [source, target] = [await places.make(kind), await places.make(kind === 'Redis' ? 'SQLite' : 'Redis')];
      const worker = fork(dyingWorker.file, [
        JSON.stringify({ ...source.options, lease: 1_000, configFile: false, admin: false }),
      ]);
      await once(worker, 'message');
      const alive = await migrate(source.address, target.address, '--lease', '1s');
      expect(alive.err).toContain(`process ${worker.pid} on `);
      expect(alive.code).toBe(1);
      worker.kill('SIGKILL');
      await once(worker, 'close');

      const { code, out, err } = await migrate(source.address, target.address, '--lease', '1s');
      expect(code, err).toBe(0);
      expect(out).toMatch(/^default +available +1 +1$/m);
      const [task] = await read(await opened(target.address));
      expect(task).toMatchObject({ state: 'available', params: '{"left":"behind"}', attempt: 1, excusedAttempts: 1 });
      expect(task!.attempts.map(({ outcome }) => outcome)).toEqual(['lost']);
    }, 180_000);
  });
});
