import { Injectable } from '@nestjs/common';
import type { TaskContext } from '../../../lib/attempts/index.js';
import { TaskHandler } from '../../../lib/nest/index.js';
import type { Ledger } from '../../kill/support/ledger.js';

/** What a `throw` is made with, by the name that a test gives. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  text: () => 'a text',
  number: () => 42,
  symbol: () => Symbol('a symbol'),
  object: () => ({ reason: 'an object' }),
  frozen: () => Object.freeze(new Error('frozen')),
  'without prototype': () => Object.create(null),
  'throwing getters': () =>
    Object.defineProperties(new Error(), {
      message: { get: () => thrower('message') },
      stack: { get: () => thrower('stack') },
      name: { get: () => thrower('name') },
    }),
  'circular cause': () => {
    const error = new Error('circular');
    error.cause = error;
    return error;
  },
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'a huge message': () => new Error('x'.repeat(5_000_000)),
};

function thrower(what: string): never {
  throw new Error(`no ${what} for you`);
}

/** Handlers that do what handlers should not. */
@Injectable()
export class BadHandlers {
  constructor(
    private readonly ledger: Ledger,
    private readonly process: string,
  ) {}

  @TaskHandler('good')
  good(_params: object, task: TaskContext): void {
    this.start(task);
  }

  @TaskHandler('exit')
  exit(_params: object, task: TaskContext): void {
    this.start(task);
    process.exit(3);
  }

  @TaskHandler('abort')
  abort(_params: object, task: TaskContext): void {
    this.start(task);
    process.abort();
  }

  @TaskHandler('out-of-memory')
  outOfMemory(_params: object, task: TaskContext): void {
    this.start(task);
    const hoard: number[][] = [];
    for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_, index) => index / 3));
  }

  @TaskHandler('throw-later')
  throwLater(_params: object, task: TaskContext): Promise<void> {
    this.start(task);
    setImmediate(() => {
      throw new Error('thrown when nobody could catch it');
    });
    return new Promise(() => undefined);
  }

  /** Nobody awaits the rejection. */
  @TaskHandler('reject-unhandled')
  rejectUnhandled(_params: object, task: TaskContext): Promise<void> {
    this.start(task);
    void Promise.reject(new Error('rejected when nobody listened'));
    return new Promise(() => undefined);
  }

  @TaskHandler('never-return')
  async neverReturn(_params: object, task: TaskContext): Promise<void> {
    this.start(task);
    await new Promise(() => undefined);
  }

  @TaskHandler('throw')
  throwIt({ what }: { what: string }): void {
    throw THROWN[what]!();
  }

  @TaskHandler('flood')
  flood({ lines, bytes }: { lines: number; bytes: number }, task: TaskContext): void {
    const line = 'x'.repeat(bytes);
    for (let index = 0; index < lines; index += 1) {
      task.log(line);
      task.progress(index % 100, line);
    }
  }

  @TaskHandler('fail')
  fail(): void {
    throw new Error('failed on purpose');
  }

  private start({ id, name, attempt }: TaskContext): void {
    this.ledger.write({ event: 'start', process: this.process, name, task: id, attempt });
  }
}
