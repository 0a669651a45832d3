import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type TaskContext, TaskDispatcher, TaskHandler, TasksModule } from '../../lib/index.js';
import { AT_ONCE, type Contestant, Countdown, startAll, STEPS } from './contestant.js';

const ended = new Countdown();

class Work {
  @TaskHandler('nothing')
  nothing(): void {}

  /** A workflow's last task. */
  @TaskHandler('last')
  last(): void {
    ended.count();
  }

  @TaskHandler('steps')
  async steps(_params: object, task: TaskContext): Promise<void> {
    for (let step = 1; step <= STEPS; step += 1) await task.step(`step ${step}`, () => undefined);
    ended.count();
  }

  @TaskHandler('calls')
  async calls({ width }: { width: number }, task: TaskContext): Promise<void> {
    await Promise.all(Array.from({ length: width }, () => task.call('default', 'nothing', {})));
    ended.count();
  }
}

/** The library on a file, in a Nest app. */
abstract class Library implements Contestant {
  protected tasks!: TaskDispatcher;
  private app!: INestApplicationContext;

  constructor(private readonly database: string) {}

  async open(): Promise<void> {
    class App {}
    const options = { database: this.database, configFile: false, admin: false, workers: AT_ONCE } as const;
    Module({ imports: [TasksModule.forRoot(options)], providers: [Work] })(App);
    this.app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
    this.tasks = this.app.get(TaskDispatcher);
    await this.tasks.start();
  }

  abstract sequences(count: number): Promise<void>;
  abstract fan(width: number): Promise<void>;

  close(): Promise<void> {
    return this.app.close();
  }
}

/** Durable steps in one handler, and calls of other tasks. */
export class LibrarySteps extends Library {
  async sequences(count: number): Promise<void> {
    const all = ended.of(count);
    await startAll(count, () => this.tasks.queue('default', 'steps', {}));
    await all;
  }

  async fan(width: number): Promise<void> {
    const all = ended.of(1);
    await this.tasks.queue('default', 'calls', { width });
    await all;
  }
}

/** Tasks that wait for one another. */
export class LibraryWorkflows extends Library {
  async sequences(count: number): Promise<void> {
    const all = ended.of(count);
    await startAll(count, () => {
      const workflow = this.tasks.workflow('sequence');
      let after = workflow.add('default', 'nothing', {});
      for (let node = 2; node < STEPS; node += 1) after = workflow.add('default', 'nothing', {}, { after });
      workflow.add('default', 'last', {}, { after });
      return workflow.start();
    });
    await all;
  }

  async fan(width: number): Promise<void> {
    const all = ended.of(1);
    const workflow = this.tasks.workflow('fan');
    const rows = Array.from({ length: width }, () => ({}));
    workflow.add('default', 'last', {}, { after: workflow.each('default', 'nothing', rows) });
    await workflow.start();
    await all;
  }
}
