import { Worker } from 'bullmq';
import { expect, it } from 'vitest';
import type { TaskEvent } from '../../lib/contract/index.js';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { OnTaskEvent, TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedRedis } from '../support/servers/shared-redis.js';
import { until } from '../support/until.js';
import { describeOnFailed } from './on-failed.suite.js';

class Listening {
  readonly told: TaskEvent[] = [];

  @TaskHandler('work')
  work(): void {}

  @OnTaskEvent('lost')
  @OnTaskEvent('completed')
  tell(event: TaskEvent): void {
    this.told.push(event);
  }
}

describeWith('redis', 'with a Redis', () => {
  describeOnFailed('on Redis', async () => {
    const server = await SharedRedis.join();
    const engine = bullmq({ connection: server.connection, prefix: server.createPrefix() });
    return { database: undefined as never, engine };
  });

  it('tells listeners of a task that was lost, in the process that notices it', async () => {
    const server = await SharedRedis.join();
    const place = { connection: server.connection, prefix: server.createPrefix() };
    const tasks = { database: undefined as never, engine: bullmq(place), lease: 500 };
    const queueing = await bootApp({ tasks: { ...tasks, workers: false }, providers: [Listening] });
    const { id } = await dispatcherOf(queueing).queue('default', 'work', {});
    const gone = new Worker('default', null, { ...place, lockDuration: 100 });
    onTestEnd(() => gone.close(true));
    expect(await gone.getNextJob('a process that dies')).toMatchObject({ name: 'work' });
    const app = await bootApp({ tasks, providers: [Listening] });
    expect(await ended(dispatcherOf(app), id)).toMatchObject({ state: 'completed' });
    const { told } = app.get(Listening);
    await until('both', () => told.length === 2);
    const task = { id, queue: 'default', name: 'work' };
    const message = expect.stringMatching(/gave no sign of life .*The task runs again\.$/) as string;
    expect(new Map(told.map((event) => [event.event, event]))).toEqual(
      new Map<string, TaskEvent>([
        ['lost', { event: 'lost', task: { ...task, attempt: 1 }, error: { name: 'WorkerLostError', message } }],
        ['completed', { event: 'completed', task: { ...task, attempt: 2 } }],
      ]),
    );
    expect(queueing.get(Listening).told).toEqual([]);
  });
});
