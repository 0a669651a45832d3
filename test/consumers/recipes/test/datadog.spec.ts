import 'reflect-metadata';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Test, type TestingModule } from '@nestjs/testing';
import { TaskDispatcher, TaskHandler, TasksModule } from 'nestjs-tasks';
import { ended } from '../src/ended.js';

class Jobs {
  @TaskHandler('greet')
  greet(): void {}
}

describe('the recipe for Datadog', () => {
  /** What came to the agent, which is none of Datadog's. */
  let received = '';
  let agent: Server;
  let module: TestingModule;

  beforeAll(async () => {
    agent = createServer((request, response) => {
      request.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
      request.on('end', () => response.setHeader('content-type', 'application/json').end('{}'));
    });
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
    process.env.DD_TRACE_AGENT_URL = `http://127.0.0.1:${(agent.address() as AddressInfo).port}`;
    await import('../src/recipes/datadog.js');
    module = await Test.createTestingModule({
      imports: [TasksModule.forRoot({ database: ':memory:', configFile: false })],
      providers: [Jobs],
    }).compile();
    await module.init();
  });
  afterAll(async () => {
    await module.close();
    agent.close();
  });

  it('has its agent told of what is enqueued and of what runs', async () => {
    const tasks = module.get(TaskDispatcher);
    const { id } = await tasks.queue('default', 'greet', {});
    await ended(tasks, id);
    await vi.waitFor(() => {
      for (const part of ['enqueue default', 'process default', id]) expect(received.includes(part), part).toBe(true);
    }, 20_000);
  });
});
