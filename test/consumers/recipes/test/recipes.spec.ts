import 'reflect-metadata';
import { Writable } from 'node:stream';
import type { INestApplication } from '@nestjs/common';
import * as Sentry from '@sentry/node';
import { TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import type { Logger } from 'pino';
import { TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';
import { ended } from '../src/ended.js';
import { HealthController } from '../src/recipes/health.controller.js';
import { taskLogger } from '../src/recipes/logger.js';
import { initSentry } from '../src/recipes/sentry-init.js';
import { SentryReporter } from '../src/recipes/sentry.js';

class Jobs {
  static logger: Logger;

  @TaskHandler('greet')
  async greet(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    Jobs.logger.info('hello');
  }

  @TaskHandler('fail', { maxRetries: 0 })
  fail(): never {
    throw new TypeError('out of paper');
  }
}

/** Envelopes that Sentry's SDK has sent, as text. */
const sent: string[] = [];
initSentry({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  transport: () => ({
    send: async (envelope) => {
      sent.push(JSON.stringify(envelope));
      return {};
    },
    flush: async () => true,
  }),
});

describe('the recipes', () => {
  let app: INestApplication;
  let tasks: TaskDispatcher;
  const lines: string[] = [];

  beforeAll(async () => {
    Jobs.logger = taskLogger(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          lines.push(chunk.toString());
          done();
        },
      }),
    );
    const module = await Test.createTestingModule({
      imports: [TerminusModule, TasksModule.forRoot({ database: ':memory:', configFile: false })],
      controllers: [HealthController],
      providers: [Jobs, SentryReporter],
    }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
    tasks = app.get(TaskDispatcher);
  });
  afterAll(() => app.close());

  it('answers probes', async () => {
    const url = await app.getUrl();
    for (const probe of ['live', 'ready']) {
      const response = await fetch(`${url}/health/${probe}`);
      expect([probe, response.status, await response.json()]).toMatchObject([
        probe,
        200,
        { status: 'ok', details: { tasks: { status: 'up' } } },
      ]);
    }
  });

  it('says which task logs', async () => {
    const { id } = await tasks.queue('default', 'greet', {});
    await ended(tasks, id);
    Jobs.logger.info('outside');
    const [inside, outside] = lines.map((line) => JSON.parse(line) as object);
    expect(inside).toMatchObject({ msg: 'hello', task: { id, queue: 'default', name: 'greet', attempt: 1 } });
    expect(outside).toMatchObject({ msg: 'outside' });
    expect(outside).not.toHaveProperty('task');
  });

  it('tells Sentry of what failed for good, and of what ran', async () => {
    const { id } = await tasks.queue('default', 'fail', {});
    await ended(tasks, id);
    await Sentry.flush(2_000);
    const envelopes = sent.join('\n');
    for (const part of ['out of paper', id, 'enqueue default', 'process default']) {
      expect(envelopes.includes(part), part).toBe(true);
    }
    // The span of the attempt knows where its task was enqueued.
    expect(/"links":\[\{/.test(envelopes)).toBe(true);
  });
});
