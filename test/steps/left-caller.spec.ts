import 'reflect-metadata';
import { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import type { TaskContext } from '../../lib/attempts/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, when } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';

class Caller {
  @TaskHandler('work', { maxRetries: 0 })
  work(_params: object, task: TaskContext): unknown {
    return task.call('called', 'never', {});
  }
}

class Called {
  @TaskHandler('never', { queue: 'called' })
  never(): void {}
}

describeWith('redis', 'with a Redis', () => {
  it('a task that another was called by goes on where nobody told it that the other is gone', async () => {
    const { connection, createPrefix } = await SharedRedis.join();
    const prefix = createPrefix();
    const engine = bullmq({ connection, prefix });
    const queues = { default: {}, called: {} };
    const tasks = dispatcherOf(
      await bootApp({
        providers: [Caller, Called],
        tasks: { database: undefined as never, engine, queues, workers: { default: 1 } },
      }),
    );
    const { id } = await tasks.queue('default', 'work', {});
    const { children } = await when(tasks, id, ({ state }) => state === 'suspended');
    // As a process that dies once it has ended the called task, BullMQ's own queue knows of no caller.
    const called = new Queue('called', { connection, prefix });
    onTestEnd(() => called.close());
    const [job] = await called.getJobs(['prioritized', 'waiting']);
    await job!.remove();
    expect((await ended(tasks, id)).error).toMatchObject({
      name: 'TaskNotFoundError',
      message: expect.stringContaining(children[0]!.id) as string,
    });
  });
});
