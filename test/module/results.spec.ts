import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { IsString } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/clock/index.js';
import { Cron, Sensitive, TaskHandler } from '../../lib/nest/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf, ended, when } from './support.js';

class Login {
  @Sensitive() @IsString() password!: string;
}

class Receipt {
  constructor(
    readonly total: number,
    readonly card: string,
  ) {}
}
Sensitive()(Receipt.prototype, 'card');

@TaskHandler('render', { result: true, maxRetries: 0 })
class Render {
  async handle({ value }: { value?: unknown }): Promise<unknown> {
    return value;
  }
}

class Others {
  @TaskHandler('short', { result: '1h' })
  short(): string {
    return 'kept for an hour';
  }
  @TaskHandler('plain')
  plain(): unknown {
    return { is: () => 'not kept' };
  }
  @TaskHandler('odd', { result: true, maxRetries: 1, retryDelay: '1m' })
  odd(params: { what: keyof typeof ODD }): unknown {
    return ODD[params.what];
  }
  @TaskHandler('pay', { result: true })
  pay(): Receipt {
    return new Receipt(7, '4111-1111');
  }
  @TaskHandler('login', { result: true, params: Login })
  login({ password }: Login): string {
    return `https://x/?p=${password}`;
  }
  @Cron('0 0 1 1 *', { name: 'yearly', result: true })
  yearly(): unknown {
    return { year: 2027 };
  }
}

const cycle: { again?: unknown } = {};
cycle.again = cycle;
const ODD = { function: () => 1, big: 10n, cycle, large: 'x'.repeat(4_000) };

async function start(clock?: ManualClock): Promise<{ app: INestApplicationContext; tasks: TaskDispatcher }> {
  const app = await bootApp({
    tasks: { maxResultSize: 4_000, ...(clock && { clock }) },
    providers: [Render, Others],
  });
  return { app, tasks: dispatcherOf(app) };
}

describe('what handlers return', () => {
  it('is kept where the handler says so, of classes, of methods and of cron methods', async () => {
    const { tasks } = await start();
    for (const value of [{ url: 'x' }, null, [1], 'text', 0]) {
      const { id } = await tasks.queue('default', 'render', { value });
      expect(await ended(tasks, id)).toMatchObject({ state: 'completed', result: value });
    }
    const nothing = await tasks.queue('default', 'render', {});
    expect(await ended(tasks, nothing.id)).toMatchObject({ result: null });
    const plain = await tasks.queue('default', 'plain', {});
    expect(await ended(tasks, plain.id)).toMatchObject({ state: 'completed' });
    expect(await tasks.get(plain.id)).not.toHaveProperty('result');
    const cron = await tasks.queue('default', 'yearly', {});
    expect(await ended(tasks, cron.id)).toMatchObject({ result: { year: 2027 } });
  });

  it('fails the attempt where it is no JSON or too large, before it counts as completed', async () => {
    const { tasks } = await start();
    for (const [what, error] of [
      ['function', { name: 'InvalidResultError', message: expect.stringContaining('it is a function') as string }],
      ['big', { name: 'InvalidResultError', message: expect.stringContaining('it is a BigInt') as string }],
      ['cycle', { name: 'InvalidResultError', message: expect.stringContaining('again: refers back to') as string }],
      ['large', { name: 'ResultTooLargeError', message: expect.stringContaining('"odd" takes 4002 bytes') as string }],
    ] as const) {
      const { id } = await tasks.queue('default', 'odd', { what });
      const task = await when(tasks, id, ({ state }) => state === 'retryable');
      expect(task.attempts).toMatchObject([{ outcome: 'retried', error }]);
      expect(task).not.toHaveProperty('result');
      await tasks.cancel(id);
    }
  });

  it('is masked where a class of it, or of the params, says so', async () => {
    const { tasks } = await start();
    const paid = await tasks.queue('default', 'pay', {});
    expect(await ended(tasks, paid.id)).toMatchObject({ result: { total: 7, card: '[sensitive]' } });
    const login = await tasks.queue('default', 'login', { password: 'hunter-2-secret' });
    expect(await ended(tasks, login.id)).toMatchObject({ result: '[sensitive]' });
  });

  it('is deleted before its task, where it is kept for a shorter time', async () => {
    const clock = new ManualClock(Date.UTC(2027, 0, 1));
    const { tasks } = await start(clock);
    const { id } = await tasks.queue('default', 'short', {});
    expect(await ended(tasks, id)).toMatchObject({ result: 'kept for an hour' });
    clock.advance(3_599_999);
    expect(await tasks.get(id)).toMatchObject({ result: 'kept for an hour' });
    clock.advance(1);
    expect(await when(tasks, id, (task) => !('result' in task))).toMatchObject({ state: 'completed' });
  });

  it('is refused at boot where it is to be kept for no duration', async () => {
    class Wrong {
      @TaskHandler('wrong', { result: 'for ever' as '1h' })
      wrong(): void {}
    }
    class WrongCron {
      @Cron('@daily', { result: 0 })
      wrong(): void {}
    }
    for (const [provider, place] of [
      [Wrong, `@TaskHandler('wrong') on Wrong.wrong: "result" must be a duration`],
      [WrongCron, '@Cron on WrongCron.wrong: "result" must be at least'],
    ] as const) {
      await expect(bootApp({ providers: [provider] })).rejects.toThrow(place);
    }
  });
});
