/**
 * What must and must not compile. Nothing here runs: the type-check of the repository is the test, as a
 * `@ts-expect-error` over a line without an error is an error itself.
 */
import { Injectable } from '@nestjs/common';
import type { ParamsOf } from '../../lib/contract/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import type { TaskDispatcher } from '../../lib/queueing/index.js';
import { TaskHandler } from '../../lib/nest/index.js';

export class GreetParams {
  name!: string;
  times?: number;
}

export class OtherParams {
  count!: number;
}

declare module '../../lib/index.js' {
  interface TaskParams {
    typed_greet: GreetParams;
    typed_render: OtherParams;
  }
  interface TaskResults {
    typed_render: { url: string };
  }
}

export function dispatcherCalls(tasks: TaskDispatcher): void {
  void tasks.queue('default', 'typed_greet', { name: 'Ada' });
  void tasks.queue('default', 'typed_greet', { name: 'Ada', times: 2 }, { delay: '5m', maxRetries: 1 });
  void tasks.queue('default', 'not_listed', { anything: 1 });
  void tasks.queue('default', new GreetParams());
  void tasks.queueIn('default', '5m', 'typed_greet', { name: 'Ada' });
  void tasks.queueAt('default', new Date(), 'typed_greet', { name: 'Ada' }, { priority: 1 });
  void tasks.queueMany('default', 'typed_greet', [{ name: 'Ada' }, { name: 'Bea' }]);
  void tasks.queueMany('default', [new GreetParams()]);

  // @ts-expect-error the name is missing
  void tasks.queue('default', 'typed_greet', {});
  // @ts-expect-error a number is no name
  void tasks.queue('default', 'typed_greet', { name: 1 });
  // @ts-expect-error a property too many
  void tasks.queue('default', 'typed_greet', { name: 'Ada', tiems: 2 });
  // @ts-expect-error the params are missing
  void tasks.queue('default', 'typed_greet');
  // @ts-expect-error params are an object
  void tasks.queue('default', 'not_listed', 'text');
  // @ts-expect-error a wrong payload
  void tasks.queueIn('default', '5m', 'typed_greet', { name: 1 });
  // @ts-expect-error a wrong payload
  void tasks.queueAt('default', new Date(), 'typed_greet', { name: 1 });
  // @ts-expect-error a wrong row
  void tasks.queueMany('default', 'typed_greet', [{ name: 'Ada' }, { name: 1 }]);
  // @ts-expect-error a function cannot be stored
  void tasks.queue('default', 'typed_greet', { name: 'Ada' }, { backoff: () => 1_000 });
  // @ts-expect-error no such option
  void tasks.queue('default', 'typed_greet', { name: 'Ada' }, { retries: 1 });
  // @ts-expect-error the delay is an argument already
  void tasks.queueIn('default', '5m', 'typed_greet', { name: 'Ada' }, { delay: '1m' });
}

export async function contextCalls(task: TaskContext, name: string): Promise<void> {
  const { url } = await task.call('pdf', 'typed_render', { count: 1 });
  const listedResult: string = url;
  const said: string = await task.call<string>('pdf', 'not_listed', { anything: 1 }, { key: listedResult });
  const known: 'yes' | 'no' = await task.call<'yes' | 'no'>('pdf', 'ask', {});
  const shaped = await task.call<{ pages: number }>('pdf', name, {});
  const pages: number = shaped.pages;
  const unknownResult: unknown = await task.call('pdf', name, { said, known, pages });
  void unknownResult;
  // @ts-expect-error the result of a listed name is what is listed
  const other: { pages: number } = await task.call('pdf', 'typed_render', { count: 1 });
  // @ts-expect-error nothing says what the result is
  const guessed: string = await task.call('pdf', 'not_listed', {});
  void other;
  void guessed;
}

export const listed: ParamsOf<'typed_greet'> = { name: 'Ada' };

@TaskHandler('typed_greet', { params: GreetParams })
export class Fits {
  constructor(private readonly anything: string) {}
  handle(_params: GreetParams, _task: TaskContext): string {
    return this.anything;
  }
}

@TaskHandler('typed_greet')
export class FitsByName {
  async handle(params: GreetParams): Promise<void> {
    await Promise.resolve(params.name);
  }
}

@TaskHandler('typed_greet')
export class NeedsLess {
  handle(_params: { name: string }): void {}
}

@TaskHandler('not_listed')
export class AnyObject {
  handle(_params: { importId: number }, _task: TaskContext): void {}
}

// @ts-expect-error there is no handle
@TaskHandler('not_listed')
export class NoHandle {
  run(): void {}
}

// @ts-expect-error handle is private
@TaskHandler('not_listed')
export class PrivateHandle {
  private handle(): void {}
}

// @ts-expect-error handle takes other params than the class says
@TaskHandler('not_listed', { params: GreetParams })
export class OtherHandle {
  handle(_params: OtherParams): void {}
}

// @ts-expect-error handle takes other params than are listed for the name
@TaskHandler('typed_greet')
export class OtherThanListed {
  handle(_params: OtherParams): void {}
}

// @ts-expect-error the params class is another than is listed for the name
@TaskHandler('typed_greet', { params: OtherParams })
export class OtherClass {
  handle(_params: OtherParams): void {}
}

// @ts-expect-error the second argument is the task's context
@TaskHandler('not_listed')
export class OtherContext {
  handle(_params: object, _task: number): void {}
}

@Injectable()
export class Methods {
  @TaskHandler('typed_greet')
  fits(_params: GreetParams, _task: TaskContext): void {}

  @TaskHandler('not_listed', { params: OtherParams, queue: 'emails', maxRetries: 1 })
  fitsToo(_params: OtherParams): void {}

  // @ts-expect-error other params than are listed
  @TaskHandler('typed_greet')
  other(_params: OtherParams): void {}

  // @ts-expect-error other params than the class says
  @TaskHandler('not_listed', { params: GreetParams })
  otherClass(_params: OtherParams): void {}

  // @ts-expect-error no such option
  @TaskHandler('not_listed', { retries: 1 })
  option(): void {}
}
