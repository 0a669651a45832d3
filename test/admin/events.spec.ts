import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

interface ChangeEvent {
  readonly taskIds: string[];
  readonly queues: Array<{ queue: string; counts: Record<string, number> }>;
}

/** A client of the stream that waits for what it is told. It has a connection of its own, that goes with it. */
class Client {
  private buffer = '';
  private readonly chunks: AsyncIterator<string>;

  private constructor(
    readonly response: IncomingMessage,
    private readonly sent: ClientRequest,
  ) {
    response.setEncoding('utf8');
    this.chunks = response[Symbol.asyncIterator]() as AsyncIterator<string>;
  }

  static open(app: AdminApp): Promise<Client> {
    return new Promise((resolve, reject) => {
      const sent = request(`${app.origin}/admin/tasks/api/events`, { agent: false });
      sent.on('response', (response) => resolve(new Client(response, sent))).on('error', reject);
      sent.end();
    });
  }

  /** The next event; null where the stream has ended. */
  async next(): Promise<ChangeEvent | null> {
    for (;;) {
      const end = this.buffer.indexOf('\n\n');
      if (end < 0) {
        const { value, done } = await this.chunks.next();
        if (done) return null;
        this.buffer += value;
        continue;
      }
      const block = this.buffer.slice(0, end);
      this.buffer = this.buffer.slice(end + 2);
      const data = /^event: change\ndata: (.*)$/.exec(block);
      if (data) return JSON.parse(data[1]!) as ChangeEvent;
    }
  }

  async until(found: (event: ChangeEvent) => boolean): Promise<ChangeEvent> {
    for (;;) {
      const event = await this.next();
      if (event === null) throw new Error('The stream ended before the event came');
      if (found(event)) return event;
    }
  }

  leave(): void {
    this.sent.destroy();
  }
}

describe.each(ADAPTERS)('live changes on %s', (adapter) => {
  let app: AdminApp | undefined;
  afterEach(async () => {
    await app?.stop();
    app = undefined;
  });

  it('begin with how the queues stand, and tell which tasks changed', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: { default: 2 } } });
    const client = await Client.open(app);
    expect(client.response.statusCode).toBe(200);
    expect(client.response.headers['content-type']).toContain('text/event-stream');
    expect(client.response.headers['cache-control']).toContain('no-transform');
    expect(await client.next()).toMatchObject({ taskIds: [], queues: [{ queue: 'default' }] });
    const { id } = await app.dispatcher.queue('default', 'greet', {});
    const event = await client.until(({ taskIds }) => taskIds.includes(id));
    expect(event.queues[0]).toMatchObject({ queue: 'default', counts: expect.any(Object) });
    client.leave();
  });

  it('gather many changes into few events, and name no more than 500 tasks', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
    const client = await Client.open(app);
    await client.next();
    const rows = Array.from({ length: 700 }, (_, number) => ({ number }));
    await app.dispatcher.queueMany('default', 'greet', rows);
    const event = await client.until(({ queues }) => queues.some(({ counts }) => counts.available === 700));
    expect(event.taskIds.length).toBeLessThanOrEqual(500);
    client.leave();
  });

  it('do not keep the app from closing, and end then', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
    const client = await Client.open(app);
    await client.next();
    const ended = client.next();
    await app.stop();
    app = undefined;
    expect(await ended).toBeNull();
  });

  it('are for a bounded number of clients', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
    const clients = await Promise.all(Array.from({ length: 100 }, () => Client.open(app!)));
    const answer = await app.get('events');
    expect(answer).toMatchObject({
      status: 503,
      type: 'application/problem+json',
      body: { code: 'too_many_clients' },
    });
    expect(answer.headers.get('retry-after')).toBe('30');
    for (const client of clients) client.leave();
    // Those that left make room, as soon as the server has seen it.
    for (;;) {
      const again = await Client.open(app);
      again.leave();
      if (again.response.statusCode === 200) break;
    }
  });

  it('answer HEAD without a stream', async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
    expect((await app.ask('HEAD', '/admin/tasks/api/events')).status).toBe(200);
  });
});
