import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  Cron,
  getCronSchedulesToken,
  getTasksHealthToken,
  getTasksMetricsToken,
  InjectCronSchedules,
  InjectTaskDispatcher,
  OnTaskEvent,
  TaskHandler,
  TasksModule,
} from '../../lib/index.js';
import { TasksConfigError } from '../../lib/contract/index.js';
import { bootApp } from './support.js';

const ODD: readonly unknown[] = [
  null,
  5,
  '',
  'x',
  true,
  [],
  new Date(),
  Symbol('x'),
  10n,
  () => 'x',
  Promise.resolve({}),
];

type Decorate = (odd: never) => MethodDecorator | ClassDecorator;

const asMethod = (decorate: Decorate, odd: unknown): (() => Promise<unknown>) => {
  return async () => {
    @Injectable()
    class Odd {
      work(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Odd.prototype, 'work')!;
    (decorate(odd as never) as MethodDecorator)(Odd.prototype, 'work', descriptor);
    return bootApp({ providers: [Odd] });
  };
};

const asClass = (decorate: Decorate, odd: unknown): (() => Promise<unknown>) => {
  return async () => {
    class Odd {
      handle(): void {}
    }
    (decorate(odd as never) as ClassDecorator)(Odd);
    return bootApp({ providers: [Odd] });
  };
};

async function messageOf(attempt: () => unknown): Promise<string> {
  const error: unknown = await Promise.resolve()
    .then(attempt)
    .then(
      () => new Error('taken'),
      (thrown: unknown) => thrown,
    );
  expect(error, (error as Error).message).toBeInstanceOf(TasksConfigError);
  return (error as Error).message;
}

describe('A decorator', () => {
  it('says what it takes where its options are of another kind', async () => {
    for (const odd of ODD) {
      const options = [
        [asClass((given) => TaskHandler('odd', given), odd), "@TaskHandler('odd') takes an object"],
        [asMethod((given) => TaskHandler('odd', given), odd), "@TaskHandler('odd') takes an object"],
        [asMethod((given) => Cron('@daily', given), odd), '@Cron on Odd.work takes an object'],
        [asMethod((given) => OnTaskEvent('failed', given) as MethodDecorator, odd), 'Odd.work takes an object'],
      ] as const;
      for (const [attempt, message] of options) expect(await messageOf(attempt)).toContain(message);
    }
  });

  it('says that a name is none, whatever it is', async () => {
    for (const odd of ODD.filter((value) => value !== 'x')) {
      expect(await messageOf(asClass((name) => TaskHandler(name) as ClassDecorator, odd))).toContain('Odd.handle');
      expect(await messageOf(asMethod((name) => TaskHandler(name) as MethodDecorator, odd))).toContain('Odd.work');
      expect(await messageOf(asMethod((event) => OnTaskEvent(event) as MethodDecorator, odd))).toContain(
        'is no event of tasks',
      );
    }
  });

  it('says that a queue is none', async () => {
    for (const queue of ODD.filter((value) => value !== 'x')) {
      const where = '@Cron on Odd.work: "queue" is not a queue name';
      expect(await messageOf(asMethod((given) => Cron('@daily', { queue: given }), queue))).toContain(where);
    }
  });

  it('refuses what would narrow nothing for a listener', async () => {
    const listening = (options: object) => asMethod(() => OnTaskEvent('failed', options) as MethodDecorator, null);
    const where = "@OnTaskEvent('failed') on Odd.work: ";
    expect(await messageOf(listening({ task: 'mail' }))).toBe(
      `${where}"task" is not an option. Possible here: "queue", "name" and "store".`,
    );
    expect(await messageOf(listening({ names: 'mail' }))).toBe(
      `${where}"names" is not an option. Did you mean "name"?`,
    );
    expect(await messageOf(listening({ queue: ['a', 'b'] }))).toBe(`${where}"queue" must be a name, not a list.`);
    expect(await messageOf(listening({ name: null }))).toBe(`${where}"name" must be a name, not empty (null).`);
  });

  it('refuses a store that is no name, as do the tokens', async () => {
    for (const odd of ODD.filter((value) => value !== 'x')) {
      for (const token of [
        InjectTaskDispatcher,
        InjectCronSchedules,
        getCronSchedulesToken,
        getTasksHealthToken,
        getTasksMetricsToken,
      ]) {
        expect(await messageOf(() => token(odd as never))).toContain(
          'must be the "name" given to TasksModule.forRoot()',
        );
      }
    }
  });
});

describe('TasksModule', () => {
  it('says what each part of forRootAsync must be', async () => {
    const boot = (options: object) => () =>
      bootApp({ tasks: null, imports: [TasksModule.forRootAsync({ configFile: false, ...options } as never)] });
    for (const odd of ODD.filter((value) => typeof value !== 'function')) {
      for (const key of ['useFactory', 'useClass']) {
        expect(await messageOf(boot({ [key]: odd }))).toContain(`TasksModule.forRootAsync(): "${key}" must be a`);
      }
      if (!['string', 'symbol'].includes(typeof odd)) {
        expect(await messageOf(boot({ useExisting: odd }))).toContain('"useExisting" must be the token of a provider');
      }
      if (!Array.isArray(odd)) {
        expect(await messageOf(boot({ useFactory: () => ({}), inject: odd }))).toContain('"inject" must be a list');
      }
    }
    expect(await messageOf(boot({ useClass: class Nothing {} }))).toContain('has no method createTasksOptions()');
  });

  it('refuses what has no options where a section of them is due', async () => {
    for (const section of ['queues', 'limits', 'crons', 'admin', 'context', 'retention']) {
      for (const odd of [Promise.resolve({}), new Date()]) {
        const message = await messageOf(() => bootApp({ tasks: { [section]: odd } }));
        expect(message).toContain(`${section} must be an object, not a `);
      }
    }
  });
});
