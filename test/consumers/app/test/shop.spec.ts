import { rm } from 'node:fs/promises';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TaskDispatcher, TaskNotFoundError } from 'nestjs-tasks';
import { ended } from '../src/ended.js';
import { MailService } from '../src/mail.service.js';
import { ShopModule } from '../src/shop/shop.module.js';
import { ShopService } from '../src/shop/shop.service.js';

let app: INestApplication;
let tasks: TaskDispatcher;

beforeEach(async () => {
  await rm('data', { recursive: true, force: true });
  const built = await Test.createTestingModule({ imports: [ShopModule] }).compile();
  app = built.createNestApplication({ logger: ['error', 'warn'] });
  await app.init();
  tasks = app.get(TaskDispatcher);
});
afterEach(() => app.close());

describe("an app with tasks in its own DataSource's database", () => {
  it('enqueues what is committed', async () => {
    const receipt = await app.get(ShopService).order('ada@example.com');

    expect((await ended(tasks, receipt)).state).toBe('completed');
    expect(app.get(MailService).sent.map(({ subject }) => subject)).toEqual(['Your receipt']);
    expect(await app.get(ShopService).orders()).toBe(1);
  });

  it('leaves nothing of what is rolled back', async () => {
    let receipt = '';
    const order = app.get(ShopService).order('ada@example.com', (id) => {
      receipt = id;
      throw new Error('Out of stock');
    });

    await expect(order).rejects.toThrow('Out of stock');
    await expect(tasks.get(receipt)).rejects.toThrow(TaskNotFoundError);
    expect(await app.get(ShopService).orders()).toBe(0);
  });
});
