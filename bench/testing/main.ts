// What tests with the testing kit take: npm run bench:testing; a share of them: npm run bench:testing -- 0.1
import 'reflect-metadata';
import { Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TasksModule, TaskDispatcher, TaskHandler } from '../../lib/index.js';
import { TasksTesting, TasksTestingModule } from '../../lib/testing/index.js';
import { formatTable } from '../report/table.js';

/** What a thousand and five thousand tests may take on two cores. */
const SHARE = Number(process.argv[2] ?? 1);
const TARGETS = {
  booted: { tests: 1_000 * SHARE, seconds: 60 * SHARE },
  kept: { tests: 5_000 * SHARE, seconds: 10 * SHARE },
};

@TaskHandler('send_email', { queue: 'emails' })
class SendEmailHandler {
  readonly sent: string[] = [];

  async handle({ to }: { to: string }): Promise<void> {
    this.sent.push(to);
  }
}

@Module({ imports: [TasksModule.forRoot({ configFile: false })], providers: [SendEmailHandler] })
class AppModule {}

function boot(): Promise<TestingModule> {
  return Test.createTestingModule({ imports: [AppModule] })
    .overrideModule(TasksModule)
    .useModule(TasksTestingModule.forRoot())
    .compile();
}

async function test(app: TestingModule, number: number): Promise<void> {
  const t = app.get(TasksTesting);
  const to = `${number}@example.com`;
  await app.get(TaskDispatcher).queue('emails', 'send_email', { to });
  t.expectQueued('send_email', { to });
  t.expectNotQueued('send_email', { to: 'nobody@example.com' });
  await t.drain();
  if (app.get(SendEmailHandler).sent.at(-1) !== to) throw new Error(`Test ${number} has failed`);
}

async function booted(number: number): Promise<void> {
  const app = await boot();
  await test(app, number);
  await app.close();
}

interface Taken {
  readonly seconds: number;
  /** Of the processor, which is what a busy machine leaves as it is. */
  readonly cpuSeconds: number;
}

async function taken(tests: number, each: (number: number) => Promise<void>): Promise<Taken> {
  const begun = performance.now();
  const before = process.cpuUsage();
  for (let number = 0; number < tests; number += 1) await each(number);
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - begun) / 1_000, cpuSeconds: (user + system) / 1_000_000 };
}

async function main(): Promise<void> {
  Logger.overrideLogger(false);
  const first = await taken(1, booted);
  const withBoot = await taken(TARGETS.booted.tests, booted);
  const app = await boot();
  const kept = await taken(TARGETS.kept.tests, async (number) => {
    await test(app, number);
    await app.get(TasksTesting).reset();
  });
  await app.close();
  const row = (what: string, tests: number, { seconds, cpuSeconds }: Taken, target: number | null): string[] => [
    what,
    String(tests),
    `${seconds.toFixed(1)} s`,
    `${((seconds * 1_000) / tests).toFixed(2)} ms`,
    `${((cpuSeconds * 1_000) / tests).toFixed(2)} ms`,
    target === null ? '' : `${target} s`,
  ];
  console.log(
    formatTable(
      ['', 'tests', 'in all', 'each', 'processor', 'may take'],
      [
        row('the first of a process', 1, first, null),
        row('with a boot each', TARGETS.booted.tests, withBoot, TARGETS.booted.seconds),
        row('on one app, reset between', TARGETS.kept.tests, kept, TARGETS.kept.seconds),
      ],
    ),
  );
}

void main();
