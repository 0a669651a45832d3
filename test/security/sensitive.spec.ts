import { Injectable, type LoggerService } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TaskHandler } from '../../lib/nest/index.js';
import type { Task } from '../../lib/contract/index.js';
import type { TaskContext } from '../../lib/attempts/index.js';
import { ADAPTERS, AdminApp } from '../admin/support/admin-app.js';
import { OrderParams } from '../admin/support/handlers.js';
import { send } from './support/send.js';

const SECRET = 'card-4111-1111-SECRET';

/** A handler that tells its secret to everything it can. */
@Injectable()
class Talker {
  @TaskHandler('charge', { params: OrderParams, maxRetries: 0 })
  charge({ card }: OrderParams, task: TaskContext): Promise<never> {
    task.log(`Charging ${card}`);
    task.progress(50, `charging ${card}`);
    const error = new Error(`Declined: ${card}`, { cause: new Error(`Cause: ${card}`) });
    error.name = `Error of ${card}`;
    return Promise.reject(error);
  }
}

class Recorder implements LoggerService {
  readonly lines: string[] = [];
  readonly log = this.note.bind(this);
  readonly error = this.note.bind(this);
  readonly warn = this.note.bind(this);
  readonly debug = this.note.bind(this);
  readonly verbose = this.note.bind(this);

  private note(...parts: unknown[]): void {
    this.lines.push(parts.map((part) => (part instanceof Error ? (part.stack ?? '') : JSON.stringify(part))).join(' '));
  }
}

describe.each(ADAPTERS)('a sensitive value on %s', (adapter) => {
  const recorder = new Recorder();
  let app: AdminApp;
  let task: Task;
  beforeAll(async () => {
    app = await AdminApp.start({
      adapter,
      providers: [Talker],
      configure: (nest) => nest.useLogger(recorder),
    });
    const { id } = await app.dispatcher.queue('default', 'charge', { amount: 1, card: SECRET });
    task = await app.reached(id, 'failed');
  });
  afterAll(() => app.stop());

  it('is in nothing that the panel shows', async () => {
    const shown = [`tasks/${task.id}`, 'tasks', 'tasks?state=failed', 'queues', 'crons', 'metrics?queue=default'];
    for (const path of shown) {
      const answer = await app.get(path);
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain(SECRET);
    }
    const whole = await app.get(`tasks/${task.id}`);
    // The rest of what the handler said is there: it is the value that is hidden.
    expect(whole).toMatchObject({ body: { params: { amount: 1, card: '[sensitive]' } } });
    expect(whole.text).toContain('Declined: [sensitive]');
    expect(whole.text).toContain('Charging [sensitive]');
  });

  it('is in no live change', async () => {
    const headers = { host: 'localhost' };
    const { text } = await send(app.port, { method: 'GET', target: '/admin/tasks/api/events', headers });
    expect(text).not.toContain(SECRET);
  });

  it('cannot be guessed by searching', async () => {
    for (const guess of [SECRET, SECRET.slice(0, 6), '4111']) {
      expect(await app.get(`tasks?search=${guess}`)).toMatchObject({ status: 200, body: { items: [] } });
      const answer = await app.post('tasks/bulk', { action: 'delete', filter: { search: guess } });
      expect(answer).toMatchObject({ status: 200, body: { changed: 0 } });
    }
    expect(await app.get('tasks?search=declined')).toMatchObject({ body: { items: [{ id: task.id }] } });
  });

  it('is in no refusal, wherever it stands', async () => {
    const refused = [
      { queue: 'default', name: 'charge', params: { amount: 0, card: SECRET } },
      { queue: 'default', name: 'charge', params: { amount: 1, card: [SECRET] } },
      { queue: 'default', name: 'charge', params: { amount: 1, card: { number: SECRET } } },
      { queue: 'default', name: 'charge', params: { amount: 1, card: SECRET.repeat(60_000) } },
      { queue: 'default', name: 'charge', params: SECRET },
      { queue: 'default', name: 'charge', params: { amount: 1, card: SECRET }, delay: 'soon' },
    ];
    for (const body of refused) {
      const answer = await app.post('tasks', body);
      expect([413, 422]).toContain(answer.status);
      expect(answer.text).not.toContain(SECRET);
    }
  });

  it('is in no log of the library, and in none of what its API for code gives', async () => {
    expect(recorder.lines.join('\n')).toContain('charge');
    expect(recorder.lines.join('\n')).not.toContain(SECRET);
    const { items } = await app.dispatcher.list({ name: 'charge' });
    expect(JSON.stringify([task, items, await app.dispatcher.stats(), await app.dispatcher.metrics()])).not.toContain(
      SECRET,
    );
  });
});
