import 'reflect-metadata';
import { type CanActivate, type ExecutionContext, Injectable, Logger, SetMetadata, UseGuards } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import { Cron, OnTaskEvent, TaskHandler } from '../../lib/nest/index.js';
import { TasksConfigError, UnknownTaskNameError } from '../../lib/contract/index.js';
import { CronSchedules } from '../../lib/cron/index.js';
import { bootApp, dispatcherOf, ended, onTestEnd, signal } from './support.js';

type Class = new (...args: never[]) => object;
type Call = (this: unknown, ...args: unknown[]) => unknown;

const traced: string[] = [];

const wrapped = (call: Call, name: string): Call =>
  function (this: unknown, ...args) {
    traced.push(name);
    return call.apply(this, args);
  };

/** As most decorators for logs, caches, locks and traces are: it says nothing of the function that it replaces. */
const Traced = (_target: object, name: string, descriptor: PropertyDescriptor): void => {
  descriptor.value = wrapped(descriptor.value as Call, name);
};

const TracedAll = (target: Class): void => {
  const prototype = target.prototype as Record<string, Call>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== 'constructor') prototype[name] = wrapped(prototype[name]!, name);
  }
};

const Bound = (_target: object, _name: string, { value }: PropertyDescriptor): PropertyDescriptor => ({
  configurable: true,
  get(this: object) {
    return (value as Call).bind(this);
  },
});

const Proxied = <T extends Class>(target: T): T => new Proxy(target, {});

const Called = <T extends Class>(target: T): T => {
  const made = function (...args: unknown[]): object {
    return Reflect.construct(target, args) as object;
  };
  made.prototype = target.prototype as object;
  return made as unknown as T;
};

/** With another handler, so that a name without one is refused. */
async function outcome(providers: Class[], name = 'work'): Promise<unknown> {
  @TaskHandler('other')
  class Other {
    handle(): void {}
  }
  traced.length = 0;
  const app = await bootApp({ providers: [Other, ...providers] });
  const { id } = await dispatcherOf(app).queue('default', name, {}, { maxRetries: 0 });
  const { state, error } = await ended(dispatcherOf(app), id);
  return error ? `${state}: ${error.message}` : state;
}

function warnings(): () => unknown[] {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  onTestEnd(() => warn.mockRestore());
  return () => warn.mock.calls.flat().filter((text) => String(text).includes('work'));
}

describe('A handler under a decorator that puts another in its place', () => {
  it('is what has been put there: a method', async () => {
    @Injectable()
    class Worker {
      @Traced
      @TaskHandler('work')
      work(): void {}
    }
    expect(await outcome([Worker])).toBe('completed');
    expect(traced).toEqual(['work']);
  });

  it('is what has been put there: every method of a class, also of one that is extended', async () => {
    @TracedAll
    class Base {
      @TaskHandler('work')
      work(): void {}
    }
    @Injectable()
    class Worker extends Base {}
    expect(await outcome([Worker])).toBe('completed');
    expect(traced).toEqual(['work']);
  });

  it.each([
    ['a proxy', Proxied],
    ['a function that makes one', Called],
  ])('is what has been put there: %s of its class', async (_what, Replaced) => {
    @Replaced
    @TaskHandler('work')
    class Worker {
      handle(): void {}
    }
    expect(await outcome([Worker])).toBe('completed');
    @Replaced
    class Workers {
      @TaskHandler('work')
      work(): void {}
    }
    expect(await outcome([Workers])).toBe('completed');
  });

  it('keeps the guards, and what they read, that stand below', async () => {
    const Allowed = (is: boolean): MethodDecorator => SetMetadata('allowed', is);
    @Injectable()
    class Guard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return new Reflector().get<boolean>('allowed', context.getHandler());
      }
    }
    @Injectable()
    class Worker {
      @Traced
      @UseGuards(new Guard())
      @Allowed(false)
      @TaskHandler('work')
      work(): void {}

      @UseGuards(Guard)
      @Traced
      @Allowed(false)
      @TaskHandler('other_work')
      otherWork(): void {}

      @UseGuards(Guard)
      @Traced
      @Allowed(true)
      @TaskHandler('allowed_work')
      allowedWork(): void {}
    }
    expect(await outcome([Worker])).toBe('failed: Forbidden resource');
    expect(await outcome([Worker], 'other_work')).toBe('failed: Forbidden resource');
    expect(traced).toEqual([]);
    expect(await outcome([Worker], 'allowed_work')).toBe('completed');

    @Injectable()
    class Unseen {
      @Traced
      @UseGuards(Guard)
      @TaskHandler('work')
      work(): void {}
    }
    await expect(outcome([Unseen])).rejects.toThrow(
      /@UseGuards\(Guard\) of Unseen\.work: Nest has not seen it, .* Put @UseGuards above that one/,
    );
  });

  it('is a schedule or a listener as well', async () => {
    const told = signal<string>();
    @Injectable()
    class Worker {
      @Traced
      @Cron('0 0 1 1 *', { name: 'work' })
      tick(): void {}

      @Traced
      @OnTaskEvent('completed', { name: 'work' })
      @Traced
      @OnTaskEvent('failed', { name: 'work' })
      tell({ task }: { task: { name: string } }): void {
        told.resolve(task.name);
      }
    }
    traced.length = 0;
    const app = await bootApp({ providers: [Worker] });
    await app.get(CronSchedules).trigger('work');
    expect(await told.promise).toBe('work');
    expect(traced).toEqual(['tick', 'tell', 'tell']);
  });

  it('stops the boot where it has become a getter', async () => {
    @Injectable()
    class Worker {
      @Bound
      @TaskHandler('work')
      work(): void {}
    }
    await expect(outcome([Worker])).rejects.toThrow(/'work'.* stands on Worker\.work, .* above it has made a getter/);
    @Injectable()
    class Ticker {
      @Bound
      @Cron('0 0 1 1 *')
      tick(): void {}
    }
    await expect(outcome([Ticker])).rejects.toThrow(/@Cron stands on Ticker\.tick, .* above it has made a getter/);
  });
});

describe('A handler that would vanish', () => {
  it('is refused where it stands on a method without a text for a name', () => {
    const name = Symbol('work');
    const decorate = (): unknown => {
      class Worker {
        @TaskHandler('work')
        [name](): void {}
      }
      return Worker;
    };
    expect(decorate).toThrow(TasksConfigError);
    expect(decorate).toThrow(/Worker\.Symbol\(work\), a method whose name is a symbol/);
  });

  it('is refused where two decorators stand on one method, or one class', () => {
    const message = /Worker(\.work)? has @TaskHandler\('second'\) and @TaskHandler\('first'\)\. .*"aliases"/;
    expect(() => {
      class Worker {
        @TaskHandler('first')
        @Traced
        @TaskHandler('second')
        work(): void {}
      }
      return Worker;
    }).toThrow(message);
    expect(() => {
      @TaskHandler('first')
      @TaskHandler('second')
      class Worker {
        handle(): void {}
      }
      return Worker;
    }).toThrow(message);
    expect(() => {
      class Worker {
        @Cron('0 0 * * *')
        @Traced
        @Cron('0 1 * * *')
        work(): void {}
      }
      return Worker;
    }).toThrow(/Worker\.work has two @Cron decorators/);
  });

  it('is said where a getter overrides it', async () => {
    const said = warnings();
    abstract class Base {
      @TaskHandler('work')
      work(): void {}
    }
    @Injectable()
    class Worker extends Base {}
    Object.defineProperty(Worker.prototype, 'work', { get: () => (): void => undefined });
    await expect(outcome([Worker])).rejects.toThrow(UnknownTaskNameError);
    expect(said()).toEqual([
      expect.stringMatching(/^Worker\.work overrides Base\.work, which has @TaskHandler\('work'\)/),
    ]);
  });

  it('is said where a factory gives nothing in its place, and where that is an object, its handler runs', async () => {
    const said = warnings();
    @TaskHandler('work')
    class Worker {
      handle(): void {}
    }
    for (const nothing of [null, undefined]) {
      for (const provider of [{ useFactory: () => nothing }, { useValue: nothing }]) {
        const app = await bootApp({ providers: [{ provide: Worker, ...provider }] });
        expect(said().splice(0)).toContain(
          'What is provided in the place of Worker is nothing, so nothing here handles "work".',
        );
        await app.close();
      }
    }
    const app = await bootApp({ providers: [{ provide: Worker, useFactory: () => Promise.resolve(new Worker()) }] });
    const { id } = await dispatcherOf(app).queue('default', 'work', {});
    expect((await ended(dispatcherOf(app), id)).state).toBe('completed');
  });

  it('stops the boot where it is a property, and says what it must be', async () => {
    @TaskHandler('work')
    class Worker {
      handle = (): void => undefined;
    }
    await expect(outcome([Worker])).rejects.toThrow(/no method handle\(params, task\)\. .* write it as a method/);
  });
});
