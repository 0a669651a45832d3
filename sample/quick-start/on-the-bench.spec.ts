import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { TasksModule } from 'nestjs-tasks';
import { TasksTesting, TasksTestingModule } from 'nestjs-tasks/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppModule } from './app.module.js';
import { MailService } from './emails/mail.service.js';
import { SendEmailHandler } from './emails/send-email.handler.js';
import type { SendEmailParams } from './emails/send-email.params.js';
import { OrdersService } from './orders/orders.service.js';
import { SignupService } from './signup/signup.service.js';

/** In the place of the mail server. */
class FakeMail {
  readonly sent: string[] = [];
  isDown = false;

  async send({ to, subject }: SendEmailParams): Promise<void> {
    if (this.isDown) throw new Error('The server does not answer');
    this.sent.push(`${subject} -> ${to}`);
  }
}

describe('the app on the test bench', () => {
  let folder: string;
  let app: TestingModule;
  let t: TasksTesting;
  let mail: FakeMail;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'quick-start-'));
    process.env.DATA_DIR = folder;
    mail = new FakeMail();
    app = await Test.createTestingModule({ imports: [AppModule] })
      .overrideModule(TasksModule)
      .useModule(TasksTestingModule.forRoot())
      .overrideProvider(MailService)
      .useValue(mail)
      .compile();
    t = app.get(TasksTesting);
  });
  afterEach(async () => {
    await app.close();
    delete process.env.DATA_DIR;
    rmSync(folder, { recursive: true, force: true });
  });

  it('welcomes who signs up, also where the mail server is away for a while', async () => {
    await app.get(SignupService).signUp({ email: 'ada@example.com', name: 'Ada' });
    t.expectQueued('send_email', { to: 'ada@example.com', template: 'welcome' }, { queue: 'emails' });
    mail.isDown = true;
    expect(await t.drain({ failures: 'collect' })).toMatchObject([{ outcome: 'retried' }]);
    mail.isDown = false;
    await t.advance('10m');
    expect(mail.sent).toEqual(['Welcome, Ada! -> ada@example.com']);
  });

  it('sends a receipt if and only if the order is committed', async () => {
    const order = { email: 'ada@example.com', product: 'Difference engine', quantity: 1 };
    const refused = app.get(OrdersService).place({ ...order, declinePayment: true });
    await expect(refused).rejects.toThrow('declined');
    t.expectNotQueued('send_email');
    await app.get(OrdersService).place(order);
    t.expectQueued('send_email', { template: 'receipt', data: { product: 'Difference engine' } });
    await t.drain();
    expect(mail.sent).toHaveLength(1);
  });

  it('cleans up once a night', async () => {
    await t.advance('3d');
    expect(t.queued('cleanup_data')).toHaveLength(3);
  });

  it('notes what it has sent', async () => {
    const params = { to: 'ada@example.com', subject: 'Hello', template: 'welcome', data: { name: 'Ada' } };
    expect(await t.perform(SendEmailHandler, params)).toMatchObject({ outcome: 'completed', logs: ['Sent "welcome"'] });
    expect(await t.perform(SendEmailHandler, { ...params, to: 'nobody' })).toMatchObject({ outcome: 'failed' });
  });
});
