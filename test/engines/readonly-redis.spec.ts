import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { bullmq } from '../../lib/engine/bullmq/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { bootApp, dispatcherOf, onTestEnd } from '../module/support.js';
import { describeWith } from '../support/servers/find-program.js';
import { RedisServer } from '../support/servers/redis-server.js';
import { until } from '../support/until.js';

class Jobs {
  @TaskHandler('job')
  job(): void {}
}

describeWith('redis', 'a Redis that only reads for a while, as in a failover', () => {
  it('is asked for tasks that came due meanwhile before it is waited for others', async () => {
    const logged: string[] = [];
    const spy = vi.spyOn(Logger.prototype, 'warn').mockImplementation((text) => void logged.push(String(text)));
    onTestEnd(() => spy.mockRestore());
    const server = await RedisServer.start();
    onTestEnd(() => server.remove());
    const admin = new Redis({ port: server.port, host: server.host });
    onTestEnd(() => admin.disconnect());
    const watcher = await admin.monitor();
    onTestEnd(() => watcher.disconnect());
    const engine = bullmq({ connection: { host: server.host, port: server.port } });
    // With a lease so long that nothing is looked for that is lost.
    const app = await bootApp({ tasks: { database: undefined, engine, workers: 2, lease: '1h' }, providers: [Jobs] });

    /** What the worker of the queue has asked Redis for since that may be written to again. */
    const asked: string[] = [];
    let isWritable = false;
    watcher.on('monitor', (_at: string, [name, ...args]: string[]) => {
      const command = name!.toLowerCase();
      if (command === 'echo') [asked.length, isWritable] = [0, true];
      else if (command === 'bzpopmin' && args[0] === 'bull:default:marker') asked.push('waits');
      else if (command === 'evalsha' && args[2] === 'bull:default:wait') asked.push('asks');
    });
    await dispatcherOf(app).queue('default', 'job', {}, { delay: '1h' });
    await until('the worker to wait', () => asked.at(-1) === 'waits');
    await admin.call('REPLICAOF', server.host, '1');
    await until('what is said of it', () => logged.some((line) => line.includes('READONLY')));
    // Monitors are told of the one alone, and nothing comes between the two.
    await admin.pipeline().echo('writable').call('REPLICAOF', 'NO', 'ONE').exec();
    await until('the worker to wait again', () => isWritable && asked.includes('waits'));
    expect(asked[0]).toBe('asks');
  });
});
