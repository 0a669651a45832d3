import 'reflect-metadata';
import { Injectable, Logger, type Provider, Scope } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { Cron, CronSchedules, OnTaskEvent, TaskHandler } from '../../lib/index.js';
import { UnknownTaskNameError } from '../../lib/contract/index.js';
import { bootApp, dispatcherOf, ended, moduleOf, onTestEnd, signal } from './support.js';

/** Classes of one test: what another one has left unprovided would be said, too. */
function declarations() {
  const heard = signal<string>();
  @TaskHandler('of_class')
  class Mailer {
    handle(): void {}
  }
  class Jobs {
    @TaskHandler('of_method')
    run(): void {}

    @Cron('@yearly', { name: 'of_cron' })
    tick(): void {}

    @OnTaskEvent('completed', { name: 'of_method' })
    told(): void {
      heard.resolve('told');
    }
  }
  return { Mailer, Jobs, heard: heard.promise };
}

@TaskHandler('beside')
class Beside {
  handle(): void {}
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {}

@Injectable({ scope: Scope.REQUEST, durable: true })
class PerTenant {}

type Given = ReturnType<typeof declarations>;

function warnings(): () => string[] {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  onTestEnd(() => warn.mockRestore());
  return () => warn.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('Not found'));
}

/** Each makes both classes be provided so that all of their declarations are found. */
const FOUND: Record<string, (given: Given) => Provider[]> = {
  'a factory under a text': ({ Mailer, Jobs }) => [
    { provide: 'mailer', useFactory: () => new Mailer() },
    { provide: 'jobs', useFactory: async () => Promise.resolve(new Jobs()) },
  ],
  'a factory under a symbol': ({ Mailer, Jobs }) => [
    { provide: Symbol('mailer'), useFactory: () => new Mailer() },
    { provide: Symbol('jobs'), useFactory: () => new Jobs() },
  ],
  'a class under a text, for each request': ({ Mailer, Jobs }) => [
    { provide: 'mailer', useClass: Mailer, scope: Scope.REQUEST, durable: true },
    { provide: 'jobs', useClass: Jobs, scope: Scope.REQUEST },
  ],
  'a transient class': ({ Mailer, Jobs }) => [
    { provide: 'mailer', useClass: Mailer, scope: Scope.TRANSIENT },
    { provide: 'jobs', useClass: Jobs, scope: Scope.TRANSIENT },
  ],
  'a factory under the class, for each request': ({ Mailer, Jobs }) => [
    { provide: Mailer, scope: Scope.REQUEST, useFactory: () => new Mailer() },
    { provide: Jobs, scope: Scope.REQUEST, useFactory: () => new Jobs() },
  ],
  'a transient factory under the class': ({ Mailer, Jobs }) => [
    { provide: Mailer, scope: Scope.TRANSIENT, useFactory: () => new Mailer() },
    { provide: Jobs, scope: Scope.TRANSIENT, useFactory: async () => Promise.resolve(new Jobs()) },
  ],
  'a factory under the class that needs what is made for each request': ({ Mailer, Jobs }) => [
    PerRequest,
    PerTenant,
    { provide: Mailer, inject: [PerRequest], useFactory: () => new Mailer() },
    { provide: Jobs, inject: [PerTenant], useFactory: () => new Jobs() },
  ],
  'an alias of a factory': ({ Mailer, Jobs }) => [
    { provide: 'mailer', useFactory: () => new Mailer() },
    { provide: Mailer, useExisting: 'mailer' },
    { provide: Jobs, useValue: Object.freeze(new Jobs()) },
  ],
  'a list beside the classes themselves': ({ Mailer, Jobs }) => [
    Mailer,
    Jobs,
    { provide: 'all', inject: [Mailer, Jobs], useFactory: (...all: object[]) => all },
  ],
};

/** What is said of both. */
const SAID: Record<string, { readonly providers: (given: Given) => Provider[]; readonly why: string }> = {
  'a factory under a text, for each request': {
    providers: ({ Mailer, Jobs }) => [
      { provide: 'mailer', scope: Scope.REQUEST, useFactory: () => new Mailer() },
      { provide: 'jobs', scope: Scope.REQUEST, durable: true, useFactory: () => new Jobs() },
    ],
    why: 'what "mailer" and "jobs" will be shows after the boot only. Where it is that, provide it under its class',
  },
  'a transient factory under a text': {
    providers: ({ Mailer, Jobs }) => [
      { provide: 'mailer', scope: Scope.TRANSIENT, useFactory: () => new Mailer() },
      { provide: 'jobs', scope: Scope.TRANSIENT, useFactory: () => new Jobs() },
    ],
    why: 'what "mailer" and "jobs" will be shows after the boot only',
  },
  'a factory under a text that needs what is made for each request': {
    providers: ({ Mailer, Jobs }) => [
      PerRequest,
      { provide: 'both', inject: [PerRequest], useFactory: () => [new Mailer(), new Jobs()] },
    ],
    why: 'what "both" will be shows after the boot only',
  },
  'a list': {
    providers: ({ Mailer, Jobs }) => [{ provide: 'all', useFactory: () => [new Mailer(), new Jobs()] }],
    why: 'is only within what "all" provides: list it in the providers of a module by itself',
  },
  'a record': {
    providers: ({ Mailer, Jobs }) => [{ provide: 'all', useValue: { mailer: new Mailer(), jobs: new Jobs() } }],
    why: 'is only within what "all" provides',
  },
  'the class itself as a value': {
    providers: ({ Mailer, Jobs }) => [
      { provide: 'all', useValue: Mailer },
      { provide: 'more', useValue: [Jobs] },
    ],
    why: 'is only within what "',
  },
};

describe('Handlers, crons and listeners', () => {
  it.each(Object.entries(FOUND))('are found in %s', async (_shape, providers) => {
    const said = warnings();
    const given = declarations();
    const app = await bootApp({ providers: [...providers(given), Beside] });
    const tasks = dispatcherOf(app);
    for (const name of ['of_class', 'of_method']) {
      const { id } = await tasks.queue('default', name, {});
      expect(await ended(tasks, id)).toMatchObject({ state: 'completed', error: null });
    }
    expect(await given.heard).toBe('told');
    const { id } = await app.get(CronSchedules).trigger('of_cron');
    expect((await ended(tasks, id)).state).toBe('completed');
    expect(said()).toEqual([]);
  });

  it.each(Object.entries(SAID))(
    'are named at boot where they are not found: in %s',
    async (_shape, { providers, why }) => {
      const said = warnings();
      await bootApp({ providers: [...providers(declarations()), Beside] });
      const [mailer, jobs] = said()
        .filter((text) => /of_class|of_method/.test(text))
        .slice(-2);
      expect(mailer).toContain("@TaskHandler('of_class') on Mailer. ");
      expect(mailer).toContain(why);
      expect(jobs).toContain(
        "@TaskHandler('of_method') on Jobs.run, @Cron on Jobs.tick, @OnTaskEvent('completed') on Jobs.told. ",
      );
      expect(jobs).toContain(why);
    },
  );

  it('that are imported alone are not spoken of', async () => {
    const said = warnings();
    declarations();
    await bootApp({ providers: [PerRequest, Beside, { provide: 'settings', useValue: { list: [1] } }] });
    expect(said()).toEqual([]);
  });

  it('of a module that is loaded late are found once something asks for them', async () => {
    const { Mailer } = declarations();
    const app = await bootApp({ providers: [Beside] });
    await expect(dispatcherOf(app).queue('default', 'of_class', {})).rejects.toThrow(UnknownTaskNameError);
    const provider = { provide: Mailer, scope: Scope.REQUEST, useFactory: () => new Mailer() };
    await app.get(LazyModuleLoader).load(() => moduleOf({ providers: [provider] }, 'LateModule'));
    const { id } = await dispatcherOf(app).queue('default', 'of_class', {});
    expect((await ended(dispatcherOf(app), id)).state).toBe('completed');
  });
});
