import { rmSync } from 'node:fs';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CronSchedules, type Task, TaskDispatcher } from 'nestjs-tasks';
import { DataSource } from 'typeorm';
import { ended } from '../src/ended.js';
import { Mailer, MailsModule, Member, SignUp } from '../src/moved/mails.js';
import { PageProcessor, Pages, PagesModule } from '../src/moved/pages.js';
import { Gathering, PricesModule, PricesService } from '../src/moved/prices.js';

/** The files that docs/coming-from.md shows. */
let app: INestApplicationContext;
let tasks: TaskDispatcher;

async function boot(module: Type): Promise<void> {
  const built = await Test.createTestingModule({ imports: [module] }).compile();
  app = await built.createNestApplication({ logger: ['error', 'warn'] }).init();
  tasks = app.get(TaskDispatcher);
}
afterEach(async () => {
  await app.close();
  for (const end of ['', '-wal', '-shm']) rmSync(`data/mails-${process.pid}.db${end}`, { force: true });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function only(name: string): Promise<Task> {
  const { items } = await tasks.list({ name });
  expect(items).toHaveLength(1);
  return ended(tasks, items[0].id);
}

it('has methods by name in queues with a concurrency of their own', async () => {
  await boot(PricesModule);
  await app.get(CronSchedules).trigger('gather-all');
  const { done } = app.get(Gathering);
  await until(() => done.length === 2);
  expect(done).toEqual(['profile of AAPL', 'profile of MSFT']);
  expect(await app.get(PricesService).historyNow({ dataSource: 'YAHOO', symbol: 'AAPL' })).toBe(1);
  const workers = new Map((await tasks.stats()).map(({ queue, concurrency }) => [queue, concurrency]));
  expect([workers.get('profiles'), workers.get('history')]).toEqual([1, 3]);
});

it('sends a mail to each who is stored, and to nobody else', async () => {
  await boot(MailsModule);
  const signUp = app.get(SignUp);
  await signUp.signUp('ada@example.com');
  await expect(signUp.signUp('ada@example.com')).rejects.toThrow(/UNIQUE/);
  expect((await only('confirm_email')).state).toBe('completed');
  expect(app.get(Mailer).sent).toEqual([{ to: 'ada@example.com', hash: 'h1' }]);
  expect(await app.get(DataSource).manager.count(Member)).toBe(1);
});

it('has a method for each case of a switch, and is told what happens', async () => {
  await boot(PagesModule);
  const { seen } = app.get(PageProcessor);
  await app.get(Pages).edited('home', '1ms');
  await until(() => seen.includes('page-backlinks completed'));
  expect(seen).toEqual([
    'index home',
    expect.stringMatching(/^page-/),
    expect.stringMatching(/^page-/),
    'backlinks of home',
    'page-backlinks completed',
  ]);
  expect(seen).toContain('page-updated completed');
  expect(seen).toContain('page-backlinks retried: The page is locked');
});
