import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  ForeignManagerError,
  InvalidParamsError,
  TaskDispatcher,
  UnknownQueueError,
  UnknownTaskNameError,
} from 'nestjs-tasks';
import { DataSource } from 'typeorm';
import { AppModule } from '../src/app.module.js';
import { ended } from '../src/ended.js';
import { MailService } from '../src/mail.service.js';
import { SendEmailParams } from '../src/send-email.params.js';
import { SignupService } from '../src/signup.service.js';

let app: INestApplication;
let tasks: TaskDispatcher;

beforeEach(async () => {
  const built = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = built.createNestApplication({ logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  tasks = app.get(TaskDispatcher);
});
afterEach(() => app.close());

describe('an app with tasks in a store of their own', () => {
  it('runs the handler with an instance of its params and completes the task', async () => {
    const task = await app.get(SignupService).welcome('ada@example.com');

    expect((await ended(tasks, task.id)).state).toBe('completed');
    const [email] = app.get(MailService).sent;
    expect(email).toBeInstanceOf(SendEmailParams);
    expect(email).toEqual({ to: 'ada@example.com', subject: 'Welcome!', template: 'welcome' });
  });

  it('finds the name from the class of the params', async () => {
    const task = await app.get(SignupService).remind('ada@example.com');

    const done = await ended(tasks, task.id);
    expect([done.name, done.state]).toEqual(['send_email', 'completed']);
  });

  it('holds back what is queued for later', async () => {
    const signup = app.get(SignupService);

    expect((await signup.importSoon(1)).state).toBe('scheduled');
    const newYear = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 0, 1));
    const later = await signup.importOn(newYear, 2);
    expect((await tasks.get(later.id)).runAt).toBe(newYear.getTime());
    expect((await tasks.runNow(later.id)).state).not.toBe('scheduled');
    expect((await ended(tasks, later.id)).state).toBe('completed');
  });

  it('queues many at once', async () => {
    const recipients = ['ada@example.com', 'grace@example.com', 'alan@example.com'];

    const queued = await app.get(SignupService).newsletter(recipients);
    await Promise.all(queued.map(({ id }) => ended(tasks, id)));
    const sent = app.get(MailService).sent.map(({ to }) => to);
    expect(sent.toSorted()).toEqual(recipients.toSorted());
  });

  it('refuses what is not valid and stores nothing', async () => {
    const params = { to: 'nobody', subject: 'Welcome!', template: 'welcome' };

    await expect(tasks.queue('emails', 'send_email', params)).rejects.toThrow(InvalidParamsError);
    await expect(tasks.queue('email', 'send_email', params)).rejects.toThrow(UnknownQueueError);
    await expect(tasks.queue('emails', 'send_mail', params)).rejects.toThrow(UnknownTaskNameError);
    expect((await tasks.list({})).items).toEqual([]);
  });

  it('makes a cron method durable and shows it in the panel', async () => {
    const panel = `${await app.getUrl()}/admin/tasks`;

    const page = await fetch(`${panel}/`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const crons = await (await fetch(`${panel}/api/crons`)).text();
    expect(crons).toContain('cleanup_old_data');
    expect(crons).toContain('Europe/Paris');
  });

  it('refuses a transaction of another database', async () => {
    const other = await new DataSource({ type: 'better-sqlite3', database: ':memory:' }).initialize();
    const params = { to: 'ada@example.com', subject: 'Welcome!', template: 'welcome' };

    const enqueue = other.transaction((manager) => tasks.queue('emails', 'send_email', params, { manager }));
    await expect(enqueue).rejects.toThrow(ForeignManagerError);
    await other.destroy();
  });
});
