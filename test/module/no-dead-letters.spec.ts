import 'reflect-metadata';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { expect, it } from 'vitest';
import type { Task } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { TaskFailureParams } from '../../lib/params/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { cli } from '../backup/support/cli.js';
import { bootApp, dispatcherOf, ended, tempDirectory, when } from './support.js';

let isDown = true;

@Injectable()
class Mails {
  @TaskHandler('send_email', { maxRetries: 0 })
  send(): void {
    if (isDown) throw new Error('The provider is down.');
  }

  @TaskHandler('sort', { maxRetries: 0, onFailed: { name: 'look_at_failure', queue: 'failures' } })
  sort(): void {
    if (isDown) throw Object.assign(new Error('Full.'), { name: 'MailboxFull' });
  }
}

@Injectable()
class LookAtFailure {
  constructor(private readonly tasks: TaskDispatcher) {}

  @TaskHandler('look_at_failure', { params: TaskFailureParams, queue: 'failures' })
  async look({ task, error }: TaskFailureParams): Promise<void> {
    isDown = false;
    if (error.name === 'MailboxFull') await this.tasks.retry(task.id);
  }
}

/** What docs/no-dead-letter-queue.md shows. */
it('has what failed where it is, to be found, retried one or all, and followed', async () => {
  isDown = true;
  const database = join(tempDirectory(), 'tasks.db');
  const app = await bootApp({ tasks: { database, queues: { failures: {} } }, providers: [Mails, LookAtFailure] });
  const tasks = dispatcherOf(app);
  const end = async (name: string): Promise<Task> => ended(tasks, (await tasks.queue('default', name, {})).id);
  const [first, ...others] = [await end('send_email'), await end('send_email'), await end('send_email')];
  const inStore = ['--database', database];
  const listed = await cli('list', ...inStore, '--state', 'failed', '--name', 'send_email');
  for (const { id } of [first, ...others]) expect(listed.out).toContain(id);
  expect((await cli('show', first.id, ...inStore)).out).toContain('The provider is down.');

  isDown = false;
  expect(await cli('retry', first.id, ...inStore)).toMatchObject({ code: 0, err: '' });
  const retried = await ended(tasks, first.id);
  expect(retried.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
  const { items } = await tasks.list({ state: 'failed', name: 'send_email' });
  expect(items.map(({ id }) => id).toSorted()).toEqual(others.map(({ id }) => id).toSorted());
  await tasks.retry(items[0]!.id);
  await ended(tasks, items[0]!.id);
  await tasks.bulk('retry', { state: 'failed', name: 'send_email' });
  for (const { id } of others) expect((await ended(tasks, id)).state).toBe('completed');

  isDown = true;
  const { id } = await tasks.queue('default', 'sort', {});
  const sorted = await when(tasks, id, ({ state }) => state === 'completed');
  expect(sorted.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
});
