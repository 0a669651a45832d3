import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestApplicationContext, Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach } from 'vitest';
import { ENDED_STATES, type Task } from '../../lib/contract/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { TasksModule } from '../../lib/nest/index.js';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { until, type Waiting } from '../support/until.js';

const cleanups: Array<() => void | Promise<void>> = [];

/** Undoes what the test set up, the latest first. */
export function onTestEnd(cleanup: () => void | Promise<void>): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export function tempDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-tasks-'));
  onTestEnd(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const IN_MEMORY = { database: ':memory:', configFile: false, admin: false } satisfies TasksModuleRootOptions;

export interface TestApp extends ModuleMetadata {
  /** Of the one TasksModule; null: the test imports its own. */
  readonly tasks?: TasksModuleRootOptions | null;
}

/** A class for Nest to hang a module on. */
export function moduleOf(metadata: ModuleMetadata, name = 'TestModule'): new () => object {
  const type = { [name]: class {} }[name]!;
  Module(metadata)(type);
  return type;
}

export function rootModule({ tasks = {}, imports = [], ...metadata }: TestApp): new () => object {
  const own = tasks === null ? [] : [TasksModule.forRoot({ ...IN_MEMORY, ...tasks })];
  return moduleOf({ ...metadata, imports: [...own, ...imports] }, 'AppModule');
}

/** An app without HTTP, closed when the test ends. */
export async function bootApp(app: TestApp): Promise<INestApplicationContext> {
  const context = await NestFactory.createApplicationContext(rootModule(app), { logger: false, abortOnError: false });
  onTestEnd(() => context.close());
  return context;
}

export function dispatcherOf(app: INestApplicationContext): TaskDispatcher {
  return app.get(TaskDispatcher);
}

/** Resolves when the task has ended. */
export async function ended(tasks: TaskDispatcher, id: string): Promise<Task> {
  return when(tasks, id, (task) => ENDED_STATES.some((state) => state === task.state));
}

/** Resolves when `condition` holds for the task. */
export function when(
  tasks: TaskDispatcher,
  id: string,
  condition: (task: Task) => boolean,
  waiting: Omit<Waiting, 'changes'> = {},
): Promise<Task> {
  const probe = async (): Promise<Task | false> => {
    const task = await tasks.get(id);
    return condition(task) && task;
  };
  return until(`task ${id} to meet ${String(condition)}`, probe, { ...waiting, changes: tasks });
}

/** A promise and what settles it. */
export function signal<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
