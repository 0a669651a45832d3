import 'reflect-metadata';
import { IsString } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import {
  InvalidArgumentError,
  InvalidParamsError,
  TaskNotFoundError,
  TaskStateError,
} from '../../lib/contract/index.js';
import { Sensitive, TaskHandler } from '../../lib/nest/index.js';
import type { UpdateTaskOptions } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended } from './support.js';

const START = Date.UTC(2027, 0, 1);
const HOUR = 3_600_000;

class RemindParams {
  @IsString()
  text!: string;

  @Sensitive()
  token?: string;
}

async function boot(workers: number | false = false) {
  const clock = new ManualClock(START);
  const seen: RemindParams[] = [];
  @TaskHandler('remind', { params: RemindParams })
  class Remind {
    async handle(params: RemindParams): Promise<void> {
      seen.push(params);
    }
  }
  const app = await bootApp({ tasks: { clock, workers }, providers: [Remind] });
  return { clock, seen, tasks: dispatcherOf(app) };
}

describe('An update of a task', () => {
  it('changes when it runs and what it gets', async () => {
    const { clock, seen, tasks } = await boot(1);
    const { id } = await tasks.queueIn('default', '1h', 'remind', { text: 'tea' });
    const moved = await tasks.update(id, { runAt: new Date(START + 2 * HOUR), params: { text: 'cake', token: 'x' } });
    expect(moved).toMatchObject({
      state: 'scheduled',
      runAt: START + 2 * HOUR,
      params: { text: 'cake', token: '[sensitive]' },
    });
    expect(await tasks.update(id, { priority: 5 })).toMatchObject({ priority: 5, runAt: START + 2 * HOUR });
    clock.advance(HOUR);
    expect(seen).toEqual([]);
    clock.advance(HOUR);
    await ended(tasks, id);
    expect(seen).toEqual([{ text: 'cake', token: 'x' }]);
    await expect(tasks.update(id, { delay: '1h' })).rejects.toThrow(
      new TaskStateError(id, 'update', 'completed', ['scheduled', 'available', 'held', 'retryable']),
    );
    await expect(tasks.update('nobody', { delay: '1h' })).rejects.toThrow(TaskNotFoundError);
  });

  it('has it run at once where the time is now', async () => {
    const { seen, tasks } = await boot(1);
    const { id } = await tasks.queueIn('default', '1h', 'remind', { text: 'tea' });
    await tasks.update(id, { delay: 0 });
    await ended(tasks, id);
    expect(seen).toEqual([{ text: 'tea' }]);
  });

  it('is refused where something is wrong, and nothing is changed', async () => {
    const { tasks } = await boot();
    const { id } = await tasks.queueIn('default', '1h', 'remind', { text: 'tea' }, { expires: '2h', deadline: '3h' });
    const task = await tasks.get(id);
    const wrong: Array<[options: object, field: string]> = [
      [{}, 'options'],
      [[], 'options'],
      [{ name: 'x' }, 'name'],
      [{ priority: 1.5 }, 'priority'],
      [{ delay: '1h', runAt: START }, 'delay'],
      [{ runAt: new Date(Number.NaN) }, 'runAt'],
      [{ delay: '2h' }, 'expires'],
      [{ delay: '4h', priority: 1 }, 'expires'],
    ];
    for (const [options, field] of wrong) {
      const error: unknown = await tasks
        .update(task.id, options as UpdateTaskOptions)
        .catch((thrown: unknown) => thrown);
      expect(error, JSON.stringify(options)).toBeInstanceOf(InvalidArgumentError);
      expect(error).toMatchObject({ field });
    }
    const invalid = { params: { text: 7 } } as unknown as UpdateTaskOptions;
    await expect(tasks.update(task.id, invalid)).rejects.toThrow(InvalidParamsError);
    expect(await tasks.get(task.id)).toEqual(task);
  });
});
