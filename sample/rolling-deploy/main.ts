// A rolling deploy in one program: two builds of an app work on data/tasks.db at once, then the older one goes.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher } from 'nestjs-tasks';
import { NewerBuild } from './newer-build.js';
import { OlderBuild } from './older-build.js';

const logger = ['warn', 'error'] as const;
const older = await NestFactory.createApplicationContext(OlderBuild, { logger: [...logger] });
const newer = await NestFactory.createApplicationContext(NewerBuild, { logger: [...logger] });

// Each build enqueues what it knows. The newer one runs both, the older one leaves alone what it does not know.
const [before, after] = [older.get(TaskDispatcher), newer.get(TaskDispatcher)];
const tasks = await Promise.all([
  before.queue('default', 'mail', { to: 'ada@example.org' }),
  after.queue('default', 'send_letter', { to: 'grace@example.org', template: 'welcome' }),
]);

// The older build goes, and leaves a task behind that comes due when only the newer one is there.
tasks.push(await before.queueIn('default', '2s', 'mail', { to: 'joan@example.org' }));
await older.close();

const areCompleted = async (): Promise<boolean> => {
  const stored = await Promise.all(tasks.map(({ id }) => after.get(id)));
  return stored.every(({ state }) => state === 'completed');
};
await new Promise<void>((resolve) => {
  const look = async (): Promise<void> => {
    if (await areCompleted()) resolve();
  };
  after.watch(() => void look());
  void look();
});
console.log(`all ${tasks.length} tasks are completed`);
await newer.close();
