import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { TaskDispatcher } from 'nestjs-tasks';
import { AppModule } from './app.module.js';
import { ended } from './ended.js';
import { SignupService } from './signup.service.js';

/** Runs the app with Node itself, outside of any test runner's module loader. */
async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const tasks = app.get(TaskDispatcher);
  const task = await app.get(SignupService).welcome('ada@example.com');
  const { state } = await ended(tasks, task.id);
  await app.close();
  console.log(state);
}

void main();
