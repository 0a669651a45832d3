import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { getTaskDispatcherToken, InjectTaskDispatcher, TaskHandler, TasksModule } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import type { Task } from '../../lib/contract/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { bootApp, dispatcherOf, ended, IN_MEMORY } from './support.js';

const enqueued: Task[] = [];
/** A context in which no task runs. */
const outside = { run: AsyncLocalStorage.snapshot() };

/** Knows nothing of the task that it works for. */
@Injectable()
class Mailer {
  constructor(
    private readonly tasks: TaskDispatcher,
    @InjectTaskDispatcher('other') private readonly other: TaskDispatcher,
  ) {}

  async send(): Promise<void> {
    await sleep(1);
    const [mail] = await Promise.all([
      this.tasks.queue('idle', 'mail', {}),
      this.other.queue('default', 'elsewhere', {}).then((task) => enqueued.push(task)),
    ]);
    enqueued.push(mail);
  }
}

@Injectable()
class Handlers {
  constructor(private readonly mailer: Mailer) {}

  @TaskHandler('order')
  async order(_params: object, task: TaskContext): Promise<void> {
    await this.mailer.send();
    enqueued.push(...(await task.dispatcher.queueMany('idle', 'mail', [{}], { delay: '1h' })));
    const { queueName, queue } = { queueName: task.queueName, queue: task.queue.bind(task) };
    // An emitter calls its listeners in the context of whoever emits.
    enqueued.push(await outside.run(() => queue('idle', 'mail', { of: queueName }, { delay: '1h' })));
  }

  @TaskHandler('mail')
  mail(): void {}
}

class OtherHandlers {
  @TaskHandler('elsewhere', { store: 'other' })
  run(): void {}
}

describe('A task that a handler enqueues', () => {
  it('is a child of the task that runs, however deep the call', async () => {
    enqueued.length = 0;
    const app = await bootApp({
      tasks: null,
      imports: [
        TasksModule.forRoot({ ...IN_MEMORY, workers: { default: 2, idle: 0 } }),
        TasksModule.forRoot({ ...IN_MEMORY, name: 'other', workers: false }),
      ],
      providers: [Mailer, Handlers, OtherHandlers],
    });
    const tasks = dispatcherOf(app);
    const parents = await tasks.queueMany('default', 'order', [{}, {}]);
    for (const parent of parents) {
      await ended(tasks, parent.id);
      const { children, parentId } = await tasks.get(parent.id);
      expect(parentId).toBeNull();
      expect(children.map(({ name, queue, state }) => [name, queue, state])).toEqual([
        ['mail', 'idle', 'available'],
        ['mail', 'idle', 'scheduled'],
        ['mail', 'idle', 'scheduled'],
      ]);
      for (const child of children) {
        expect((await tasks.get(child.id)).parentId).toBe(parent.id);
        expect(enqueued.find(({ id }) => id === child.id)!.parentId).toBe(parent.id);
      }
    }
    // A task of another store is not one that this store could show.
    const elsewhere = enqueued.filter(({ name }) => name === 'elsewhere');
    expect(elsewhere.map(({ parentId }) => parentId)).toEqual([null, null]);
    const other = app.get<TaskDispatcher>(getTaskDispatcherToken('other'));
    expect((await other.get(elsewhere[0]!.id)).parentId).toBeNull();
  });
});
