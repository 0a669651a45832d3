import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Queue, createPostgresBackend } from 'bullmq';
import { beforeAll, describe, expect, it } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import type { TaskJobJson } from '../../lib/engine/bullmq/task-job.js';
import { toMovedJob } from '../../lib/engine/bullmq/transfer/job-rows.js';
import { ownIdentity } from '../../lib/engine/sqlite/process/process-identity.js';
import { rowOf } from '../../src/migrate/canonical-row.js';
import { parseStoreAddress } from '../../src/migrate/store-address.js';
import { bootApp, ended, onTestEnd, tempDirectory, when } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { KINDS, type Place, Places } from './support/places.js';
import { migrate } from './support/run-migrate.js';
import { someTasks } from './support/some-tasks.js';
import { fill, opened, read } from './support/stored.js';

const ran: Array<{ id: string; attempt: number }> = [];

class Work {
  @TaskHandler('work')
  work(_params: object, { id, attempt }: TaskContext): void {
    ran.push({ id, attempt });
  }
}

class Stepped {
  @TaskHandler('stepped')
  async stepped(_params: object, task: TaskContext): Promise<void> {
    await task.step('charge', () => 7);
    await task.waitFor('approved');
  }
}

const LEASE = 1_000;

function boot({ options }: Pick<Place, 'options'>, more: TasksModuleRootOptions = {}) {
  return bootApp({ tasks: { ...options, lease: LEASE, queues: { mail: {} }, ...more }, providers: [Work] });
}

describe('The command line of a move', () => {
  const file = join(tempDirectory(), 'tasks.db');

  it.each([
    [['--from', file], 'Option --to <store> is required.'],
    [['--from', file, '--to', file], `--from and --to are the same store, ${file}.`],
    [['--from', file, '--to', 'mysql://localhost/shop'], '--to cannot begin with "mysql://"'],
    [['--from', 'redis://:topsecret@localhost/shop', '--to', file], '--from has "shop" for the number of a database'],
    [['--from', 'redis://:topsecret@localhost/0?tls=1', '--to', file], '--from has "tls", but takes only "prefix".'],
    [['--from', 'redis://:topsecret@:0:', '--to', file], '--from is no address that can be read'],
    [
      ['--from', file, '--to', 'other.db', '--dry-run', '--abandon'],
      '--dry-run and --abandon cannot be given together.',
    ],
    [['--from', file, '--to', 'other.db', '--lease', 'long'], '--lease'],
    [['--from', file, '--to', 'file:other.db'], '--to must be a path and not the URI "file:other.db"'],
    [['--from', ':memory:', '--to', file], '--from must be a file: a store in memory ends with its process.'],
  ])('refuses %j', async (args, message) => {
    const { runCli } = await import('../../src/cli/run-cli.js');
    const err: string[] = [];
    const code = await runCli(['migrate', ...args], { out: () => undefined, err: (text) => void err.push(text) });
    expect(err.join('\n')).toContain(message);
    expect(err.join('\n')).not.toContain('topsecret');
    expect(code).toBe(2);
  });

  it('moves nothing out of a file that there is not, and creates none', async () => {
    const missing = join(tempDirectory(), 'none.db');
    const { code, err } = await migrate(missing, join(tempDirectory(), 'tasks.db'));
    expect(err).toContain(`There is no file ${missing}.`);
    expect(code).toBe(1);
    expect(existsSync(missing)).toBe(false);
  });
});

describe('A move into a folder that there is not', () => {
  it.each([['--dry-run'], []])('is refused, and makes none (%s)', async (...options) => {
    const [from, folder] = [join(tempDirectory(), 'from.db'), join(tempDirectory(), 'dtaa')];
    await fill(from, someTasks(1, Date.now()));
    const { code, err } = await migrate(from, join(folder, 'tasks.db'), ...options.flat());
    expect(err).toContain(`cannot be used: there is no folder ${folder}`);
    expect([code, existsSync(folder)]).toEqual([1, false]);
  });
});

describe('A move of a store with workflows', () => {
  it('is refused while one has not ended, naming it, and takes the tasks of those that have', async () => {
    const [from, to] = ['from.db', 'to.db'].map((name) => join(tempDirectory(), name)) as [string, string];
    const app = await boot({ options: { database: from } }, { workers: 2 });
    const tasks = app.get(TaskDispatcher);
    const build = (): ReturnType<TaskDispatcher['workflow']> => {
      const w = tasks.workflow('order');
      w.add('default', 'work', {}, { after: w.add('default', 'work', {}, { as: 'first' }) });
      return w;
    };
    await (await build().start()).result();
    await tasks.pauseQueue('default');
    const open = await build().start({ id: 'order/7' });
    await app.close();
    for (const options of [['--dry-run'], []]) {
      const { code, err } = await migrate(from, to, ...options);
      expect(err).toContain('workflow "order" (order/7) has not ended, and no other store takes it');
      expect(code).toBe(1);
    }
    const again = await boot({ options: { database: from } }, { workers: false });
    await again.get(TaskDispatcher).cancelWorkflow(open.id);
    await expect(again.get(TaskDispatcher).workflowRun(open.id).result()).rejects.toMatchObject({
      name: 'WorkflowCancelledError',
    });
    await again.close();
    const { code, err } = await migrate(from, to);
    expect([code, err]).toEqual([0, '']);
  });
});

describeWith(['redis', 'postgres'], 'A move', () => {
  let places: Places;

  beforeAll(async () => {
    places = await Places.open();
  });

  describe.each(['Redis', 'PostgreSQL'] as const)('to %s of what it cannot hold under its name', (kind) => {
    it('is refused before anything is written, by the dry run too', async () => {
      const [source, target] = [await places.make('SQLite'), await places.make(kind)];
      const [first, second, third] = someTasks(3, Date.now());
      await fill(source.address, [{ ...first!, queue: 'mail:out' }, { ...second!, name: 'nul\0' }, third!]);
      const store = await opened(source.address);
      const nothing = { schedules: [], sensitive: new Map(), secrets: new Map() };
      const flow = { pauses: [{ name: 'charge' }], flows: new Map([['mail', { keyConcurrency: 2 }]]) };
      await store.importBook({ ...nothing, ...flow, paused: ['nestjs-tasks'] });
      const filled = await boot(source, { workers: false });
      const hourly = { expression: '@hourly', queue: 'default', task: 'work', params: {} };
      await filled.get(CronSchedules).add({ ...hourly, name: 'unique', unique: { key: 'one' } });
      await filled.close();

      for (const dryRun of [true, false]) {
        const { code, out, err } = await migrate(source.address, target.address, ...(dryRun ? ['--dry-run'] : []));
        expect(out).toBe('');
        expect(err).toContain('so nothing was moved:');
        expect(err).toContain('Queue "mail:out": its name has a ":"');
        expect(err).toContain('Queue "nestjs-tasks": its name is the queue');
        expect(err).toContain('The pause of {"name":"charge"}: only whole queues');
        expect(err).toContain('What setQueue() changed of queue "mail"');
        expect(err).toContain('Schedule "unique": its runs have a unique key, and there are none there.');
        expect(err).toContain('A task named "nul\\u0000": its name must not have the character NUL');
        expect(code).toBe(1);
      }
      expect(await store.readMark()).toBe(null);
      expect(await read(await opened(target.address))).toEqual([]);

      await store.removeTasks([first!, second!]);
      await store.resumeQueues(['nestjs-tasks']);
      const app = await boot(source, { workers: false });
      await app.get(TaskDispatcher).resume({ name: 'charge' });
      await app.get(TaskDispatcher).setQueue('mail', { key: { concurrency: null } });
      await app.get(CronSchedules).remove('unique');
      await app.close();
      const { code, err } = await migrate(source.address, target.address);
      expect(code, err).toBe(0);
    });
  });

  describe.each(KINDS)('with a store in %s', (kind) => {
    it('does not begin while a task of it has recorded durable steps, which it names', async () => {
      const [source, target] = [await places.make(kind), await places.make('SQLite')];
      const tasks = { ...source.options, lease: LEASE };
      const app = await bootApp({ tasks, providers: [Stepped] });
      const dispatcher = app.get(TaskDispatcher);
      const { id } = await dispatcher.queue('default', 'stepped', {});
      await when(dispatcher, id, ({ state }) => state === 'suspended');
      await app.close();
      for (const options of [['--dry-run'], []]) {
        const refused = await migrate(source.address, target.address, ...options);
        expect(refused.err).toContain(`task ${id}, suspended, has recorded durable steps, which no other store takes`);
        expect(refused.code).toBe(1);
      }
      const later = await boot(source, { workers: false });
      await later.get(TaskDispatcher).delete(id);
      await later.close();
      const { code, err } = await migrate(source.address, target.address);
      expect(code, err).toBe(0);
    });

    it('does not begin while a workflow has not ended, naming it', async () => {
      const [source, target] = [await places.make(kind), await places.make('SQLite')];
      const app = await boot(source, { workers: false });
      const tasks = app.get(TaskDispatcher);
      const w = tasks.workflow('order');
      w.add('default', 'work', {}, { after: w.add('default', 'work', {}, { as: 'first' }) });
      const run = await w.start({ id: 'order:7' });
      await app.close();
      for (const options of [['--dry-run'], []]) {
        const { code, err } = await migrate(source.address, target.address, ...options);
        expect(err).toContain('workflow "order" (order:7) has not ended, and no other store takes it');
        expect(code).toBe(1);
      }
      const again = await boot(source, { workers: false });
      await again.get(TaskDispatcher).cancelWorkflow(run.id);
      await expect(again.get(TaskDispatcher).workflowRun(run.id).result()).rejects.toMatchObject({
        name: 'WorkflowCancelledError',
      });
      await again.close();
      const { code, err } = await migrate(source.address, target.address);
      expect(code, err).toBe(0);
    });

    it('does not begin while a process works on either store, which goes on', async () => {
      const [busy, other] = [await places.make(kind), await places.make('SQLite')];
      await fill(other.address, someTasks(3, Date.now()));
      const app = await boot(busy);
      const tasks = app.get(TaskDispatcher);
      for (const [from, to] of [
        [busy, other],
        [other, busy],
      ] as const) {
        for (const options of [['--dry-run'], []]) {
          const { code, err } = await migrate(from.address, to.address, ...options);
          expect(err).toContain('Tasks are moved while nothing works on them. Stop first:');
          expect(err).toContain(`${parseStoreAddress(busy.address, '--to').shown}: process ${process.pid} on `);
          expect(code).toBe(1);
        }
      }
      await ended(tasks, (await tasks.queue('default', 'work', {})).id);
      expect(await (await opened(other.address)).readMark()).toBe(null);
    });

    it('that ends unlike deletes nothing, lets no process work meanwhile, and can be finished', async () => {
      const now = Date.now();
      const tasks = someTasks(40, now);
      const [source, target, other] = [
        await places.make('SQLite'),
        await places.make(kind),
        await places.make('SQLite'),
      ];
      await fill(source.address, tasks);
      await fill(other.address, someTasks(1, now));
      const changed = { ...tasks[3]!, params: '{"changed":true}' };
      await fill(target.address, [changed]);
      const beforehand = await migrate(source.address, target.address, '--dry-run');
      expect(beforehand.err).toContain(`task ${changed.id} is not the same in the target`);
      expect([beforehand.code, beforehand.out]).toEqual([1, '']);
      expect(await (await opened(source.address)).readMark()).toBe(null);

      const { code, out, err } = await migrate(source.address, target.address);
      expect(out).toBe('');
      expect(err).toContain(`task ${changed.id} is not the same in the target`);
      expect(err).toMatch(/^total +40 +40$/m);
      expect(code).toBe(1);
      expect(await read(await opened(source.address))).toHaveLength(40);
      await expect(boot(source)).rejects.toThrow('are being moved to ');
      await expect(boot(target)).rejects.toThrow('are being moved here from ');
      for (const options of [['--dry-run'], []]) {
        const third = join(tempDirectory(), 'third.db');
        const [from, to] = [
          await migrate(source.address, third, ...options),
          await migrate(other.address, target.address, ...options),
        ];
        for (const refused of [from, to])
          expect(refused.err).toContain('is part of another move, which was not finished');
      }

      await (await opened(target.address)).removeTasks([changed]);
      const again = await migrate(source.address, target.address);
      expect(again.code, again.err).toBe(0);
      const moved = await read(await opened(target.address));
      expect(moved.map((task) => rowOf(task, now))).toEqual(tasks.map((task) => rowOf(task, now)));
      expect(await read(await opened(source.address))).toEqual([]);
    });

    it('brings back nothing that was cancelled in the target, or has completed there, and says so beforehand', async () => {
      const [source, target] = [await places.make('SQLite'), await places.make(kind)];
      const tasks = someTasks(10, Date.now());
      await fill(source.address, tasks);
      const [completed, cancelled] = [tasks[9]!, tasks[1]!];
      await fill(target.address, [completed, cancelled]);
      const before = await boot(target, {});
      const dispatcher = before.get(TaskDispatcher);
      await dispatcher.cancel(cancelled.id);
      expect(await ended(dispatcher, completed.id)).toMatchObject({ state: 'completed' });
      await before.close();
      const beforehand = await migrate(source.address, target.address, '--dry-run');
      for (const { id } of [completed, cancelled])
        expect(beforehand.err).toContain(`task ${id} has ended in the target`);
      expect([beforehand.code, beforehand.out]).toEqual([1, '']);
      const { code, err } = await migrate(source.address, target.address);
      for (const { id } of [completed, cancelled])
        expect(err).toContain(`task ${id} is missing in the target, or has ended there`);
      expect(code).toBe(1);
    });

    it('can be given up: the source is as before, the target has what it had', async () => {
      const now = Date.now();
      const tasks = someTasks(40, now);
      const [source, target] = [await places.make(kind), await places.make(kind === 'Redis' ? 'PostgreSQL' : 'Redis')];
      await fill(source.address, tasks);
      const own = { ...someTasks(1, now)[0]!, id: 'of-the-target' };
      const changed = { ...tasks[0]!, name: 'other' };
      await fill(target.address, [own, changed]);
      const before = await boot(target, { workers: false });
      await before.get(TaskDispatcher).pauseQueue('mail');
      await before.close();

      expect((await migrate(source.address, target.address)).code).toBe(1);
      const { code, out } = await migrate(source.address, target.address, '--abandon');
      expect(out).toContain('has all its tasks, 39 were taken out of');
      expect(code).toBe(0);
      const [left, there] = [await read(await opened(source.address)), await read(await opened(target.address))];
      expect(left.map((task) => rowOf(task, now))).toEqual(tasks.map((task) => rowOf(task, now)));
      expect(there.map((task) => rowOf(task, now))).toEqual([changed, own].map((task) => rowOf(task, now)));
      const app = await boot(target);
      expect((await app.get(TaskDispatcher).stats()).find(({ queue }) => queue === 'mail')?.paused).toBe(true);
      await boot(source);
    });

    it('is told of and not done by a dry run', async () => {
      const [source, target] = [await places.make('SQLite'), await places.make(kind)];
      await fill(source.address, someTasks(40, Date.now()));
      const { code, out, err } = await migrate(source.address, target.address, '--dry-run');
      expect(code, err).toBe(0);
      expect(out).toMatch(/^default +failed +\d+$/m);
      expect(out).toMatch(/^total +40$/m);
      if (kind === 'SQLite') expect(existsSync(target.address)).toBe(false);
      expect(await read(await opened(target.address))).toEqual([]);
      expect(await read(await opened(source.address))).toHaveLength(40);
      await boot(source);
    });
  });

  it('is carried on by one process at a time: by another when that is gone, or silent', async () => {
    const [source, target] = [await places.make('SQLite'), await places.make('SQLite')];
    await fill(source.address, someTasks(5, Date.now()));
    const store = await opened(source.address);
    const own = ownIdentity();
    const elsewhere = { ...own, pidSpace: 'another container', pid: 7 };
    const mark = {
      ...({ id: 'one', role: 'source', phase: 'copying', other: target.address, report: null } as const),
      at: Date.now(),
      paused: [],
      owner: own,
      beat: 1,
    };
    await store.writeMark(mark);
    const beside = await migrate(source.address, target.address);
    expect(beside.err).toContain(`Process ${own.pid} on ${own.host} is moving these tasks. Wait for it to end.`);
    expect(beside.code).toBe(1);

    let beat = 1;
    const beating = setInterval(() => {
      void store.writeMark({ ...mark, owner: elsewhere, beat: (beat += 1) });
    }, 200);
    await store.writeMark({ ...mark, owner: elsewhere });
    const heard = await migrate(source.address, target.address, '--lease', '60s');
    clearInterval(beating);
    expect(heard.err).toContain(`Process 7 on ${own.host} is moving these tasks. Wait for it to end.`);

    await store.writeMark({ ...mark, owner: elsewhere });
    const silent = await migrate(source.address, target.address, '--lease', '1s');
    expect(silent.code, silent.err).toBe(0);
    expect(await read(await opened(target.address))).toHaveLength(5);
  });

  it('that had only to let the source go does so while the target is worked on, and touches nothing', async () => {
    const [source, target] = [await places.make('SQLite'), await places.make('Redis')];
    const came = someTasks(3, Date.now());
    await fill(source.address, came);
    const { shown } = parseStoreAddress(target.address, '--to');
    await (
      await opened(source.address)
    ).writeMark({
      ...({ id: 'one', role: 'source', phase: 'moved', other: shown, report: 'what was compared' } as const),
      at: Date.now(),
      paused: [],
      owner: null,
      beat: 1,
    });
    const app = await boot(target);
    await app.get(TaskDispatcher).queueIn('default', '1h', 'work', {});
    const { code, out, err } = await migrate(source.address, target.address);
    expect(code, err).toBe(0);
    expect(out).toContain('what was compared');
    expect(out).toContain(`3 tasks came into ${source.address} meanwhile: run the command again for those.`);
    expect(await read(await opened(source.address))).toHaveLength(3);
    expect(await read(await opened(target.address))).toHaveLength(1);
    await boot(source);
  });

  it.each(KINDS)('is refused from %s to itself, under another name', async (kind) => {
    const { address } = await places.make(kind);
    const link = join(tempDirectory(), 'link.db');
    if (kind === 'SQLite') symlinkSync(address, link);
    const other = kind === 'SQLite' ? link : address.replace('127.0.0.1', 'localhost');
    await fill(address, someTasks(5, Date.now()));
    const { code, err } = await migrate(address, other);
    expect(err).toContain(' are the same store.');
    expect(code).toBe(1);
    const store = await opened(address);
    expect(await read(store)).toHaveLength(5);
    expect(await store.readMark()).toBe(null);
  });

  it('says of a server that cannot be reached that it cannot', async () => {
    const source = await places.make('SQLite');
    await fill(source.address, someTasks(1, Date.now()));
    const { code, err } = await migrate(source.address, 'redis://user:topsecret@127.0.0.1:1/0', '--dry-run');
    expect(err).toContain('redis://127.0.0.1:1/0 cannot be used: ');
    expect(err).not.toContain('topsecret');
    expect(code).toBe(1);
  });

  describe.each(['Redis', 'PostgreSQL'] as const)('into BullMQ on %s', (kind) => {
    function queueOf({ options }: Place): Queue {
      const { connection, postgres, prefix } = (options.engine as { bullmq: Record<string, string> }).bullmq;
      const queue =
        postgres === undefined
          ? new Queue('default', { connection: connection as never, prefix: prefix! })
          : new Queue(
              'default',
              { connection: { connectionString: postgres, migrate: true } },
              createPostgresBackend as never,
            );
      onTestEnd(() => queue.close());
      return queue;
    }

    it('that is killed before a failed task has landed: a worker runs nothing of it, and it can be retried', async () => {
      const target = await places.make(kind);
      await (await boot(target, { workers: false })).close();
      const failed = someTasks(4, Date.now())[3]!;
      expect(failed.state).toBe('failed');
      await queueOf(target).backend.addJob(toMovedJob(failed, Date.now()) as TaskJobJson, failed.id);

      ran.length = 0;
      const app = await boot(target);
      const tasks = app.get(TaskDispatcher);
      await when(tasks, failed.id, ({ state }) => state === 'failed');
      const landed = await tasks.get(failed.id);
      expect(landed).toMatchObject({ state: 'failed', attempt: failed.attempt, priority: failed.priority });
      expect(landed.attempts).toEqual(failed.attempts);
      expect(ran).toEqual([]);
      await tasks.retry(failed.id);
      expect(await ended(tasks, failed.id)).toMatchObject({ state: 'completed', attempt: failed.attempt + 1 });
      expect(ran).toEqual([{ id: failed.id, attempt: failed.attempt + 1 }]);
    });

    it('does not mix failed tasks with jobs that other code added', async () => {
      const [source, target] = [await places.make('SQLite'), await places.make(kind)];
      await fill(source.address, someTasks(10, Date.now()));
      await (await boot(target, { workers: false })).close();
      const foreign = await queueOf(target).add('foreign', {});
      const { code, err } = await migrate(source.address, target.address);
      expect(err).toContain(`Queue "default" holds jobs that other code added, such as "${foreign.id}"`);
      expect(code).toBe(1);
      await foreign.remove();
      expect((await migrate(source.address, target.address)).code).toBe(0);
      expect(await read(await opened(target.address))).toHaveLength(10);
    });
  });
});
