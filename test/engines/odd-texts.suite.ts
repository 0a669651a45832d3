import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cron, TaskHandler } from '../../lib/nest/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { InvalidArgumentError, TasksConfigError } from '../../lib/contract/index.js';
import { bootApp, dispatcherOf, ended } from '../module/support.js';

export interface OddTextsSite {
  /** Options of an app with an empty store. */
  store(): Promise<TasksModuleRootOptions>;
  remove(): Promise<void>;
}

/** Half of an emoji, as `slice` leaves it. */
const HALF = 'Thanks 😀'.slice(0, 8);
const NUL = 'left\0right';
const ODD = [HALF, `${'😀'.slice(1)} back`, NUL, '\u{1F468}\u200D\u{1F469}\u{FE0F} ok', '\uFFFE\uFEFF'];
const readable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** Text that not every database can hold, and how it comes out of one. */
export function describeOddTexts(name: string, start: () => Promise<OddTextsSite>): void {
  describe(`odd texts on ${name}`, () => {
    let site: OddTextsSite;

    beforeAll(async () => {
      site = await start();
    });
    afterAll(() => site.remove());

    async function boot(...providers: Array<new () => object>) {
      return bootApp({ tasks: { workers: { default: 2 }, ...(await site.store()) }, providers });
    }

    it.each(ODD)('%j in an error costs one run, and is readable', async (text) => {
      let runs = 0;
      @TaskHandler('thank', { maxRetries: 0 })
      class Thank {
        handle(): void {
          runs += 1;
          const error = new Error(text, { cause: new Error(`because ${text}`) });
          error.name = `Odd${text}`;
          throw error;
        }
      }
      const tasks = dispatcherOf(await boot(Thank));
      const { id } = await tasks.queue('default', 'thank', {});
      const task = await ended(tasks, id);
      expect(task).toMatchObject({ state: 'failed', attempt: 1 });
      expect(task.error).toMatchObject({ name: `Odd${readable(text)}`, message: readable(text) });
      expect(task.error!.stack).toContain(`because ${readable(text)}`);
      expect(task.attempts).toMatchObject([{ attempt: 1, outcome: 'failed', error: { message: readable(text) } }]);
      expect(runs).toBe(1);
    });

    it('in an error that is tried again, in logs and in progress', async () => {
      @TaskHandler('import', { maxRetries: 1, retryDelay: 1 })
      class Import {
        handle(_params: object, task: TaskContext): void {
          for (const text of ODD) task.log(text);
          task.progress(50, HALF + NUL);
          if (task.attempt === 1) throw new Error(HALF);
        }
      }
      const tasks = dispatcherOf(await boot(Import));
      const { id } = await tasks.queue('default', 'import', {});
      const task = await ended(tasks, id);
      expect(task).toMatchObject({ state: 'completed', progress: { percent: 50, message: readable(HALF + NUL) } });
      expect(task.attempts[0]).toMatchObject({ outcome: 'retried', error: { message: readable(HALF) } });
      expect(task.logs.map(({ message }) => message)).toEqual([...ODD, ...ODD].map(readable));
    });

    it('of ten million characters keep nobody waiting for an answer', async () => {
      const text = 'y\0'.repeat(5_000_000);
      @TaskHandler('dump', { maxRetries: 0 })
      class Dump {
        handle(_params: object, task: TaskContext): void {
          task.log(text);
          task.progress(1, text);
          throw new Error(text);
        }
      }
      const tasks = dispatcherOf(await boot(Dump));
      const { id } = await tasks.queue('default', 'dump', {});
      const task = await ended(tasks, id);
      const begin = expect.stringMatching(/^(?:y\uFFFD)+… \(\d+ more characters\)$/) as string;
      expect(task).toMatchObject({ state: 'failed', attempt: 1, error: { message: begin } });
      expect(task).toMatchObject({ progress: { message: begin }, logs: [{ message: begin }] });
    });

    it('in params come to the handler as they were given', async () => {
      const params = { text: HALF, list: ODD, [HALF]: 1, [NUL]: { deep: NUL } };
      const seen: object[] = [];
      @TaskHandler('take')
      class Take {
        handle(given: object): void {
          seen.push(given);
        }
      }
      const tasks = dispatcherOf(await boot(Take));
      const { id } = await tasks.queue('default', 'take', params);
      const task = await ended(tasks, id);
      expect(task.state).toBe('completed');
      expect(seen).toEqual([params]);
      expect(task.params).toEqual(params);
    });

    it('in params of a schedule come to the handler as they were given', async () => {
      const params = { text: HALF, list: ODD };
      const seen: object[] = [];
      @TaskHandler('report')
      class Report {
        handle(given: object): void {
          seen.push(given);
        }
      }
      const app = await boot(Report);
      const schedules = app.get(CronSchedules);
      await schedules.add({
        name: 'relevé 😀',
        expression: '0 0 1 1 *',
        queue: 'default',
        task: 'report',
        params,
      });
      const { id } = await schedules.trigger('relevé 😀');
      expect(await ended(dispatcherOf(app), id)).toMatchObject({ state: 'completed', params });
      expect(seen).toEqual([params]);
    });

    it.each([HALF, NUL])('%j is no name of a task or a schedule', async (text) => {
      const booted = (type: new () => object): Promise<unknown> => expect(boot(type)).rejects.toThrow(TasksConfigError);
      class Handler {
        @TaskHandler(text)
        handle(): void {}
      }
      await booted(Handler);
      class Housekeeping {
        @Cron('@daily', { name: text })
        clean(): void {}
      }
      await booted(Housekeeping);

      const app = await boot();
      const tasks = dispatcherOf(app);
      await expect(tasks.queue('default', text, {})).rejects.toThrow(InvalidArgumentError);
      await expect(tasks.get(text)).rejects.toThrow(InvalidArgumentError);
      await expect(tasks.list({ name: text })).rejects.toThrow(InvalidArgumentError);
      const schedule = { name: text, expression: '@daily', queue: 'default', task: 'any' } as const;
      await expect(app.get(CronSchedules).add(schedule)).rejects.toThrow(InvalidArgumentError);
      expect((await tasks.list()).items).toEqual([]);
    });

    it('that are names like any other are kept', async () => {
      const names = ['relevé', '任务', '😀 mail', 'a:b', '__proto__', 'constructor', "o'clock", '%', '~', '{x}'];
      const ran: string[] = [];
      class Handlers {}
      for (const each of names) {
        const method = { value: (_params: object, task: TaskContext) => void ran.push(task.name), writable: true };
        Object.defineProperty(Handlers.prototype, `on ${each}`, { ...method, configurable: true, enumerable: true });
        const descriptor = Object.getOwnPropertyDescriptor(Handlers.prototype, `on ${each}`)!;
        TaskHandler(each)(Handlers.prototype, `on ${each}`, descriptor);
      }
      const tasks = dispatcherOf(await boot(Handlers));
      for (const each of names) {
        const { id } = await tasks.queue('default', each, {});
        expect(await ended(tasks, id)).toMatchObject({ state: 'completed', name: each });
      }
      expect(ran.toSorted()).toEqual(names.toSorted());
    });
  });
}
