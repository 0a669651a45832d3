import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, Workflow, WorkflowPage } from '../../lib/contract/index.js';
import { until } from '../support/until.js';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

describe.each(ADAPTERS)('workflows in the admin API on %s', (adapter) => {
  let app: AdminApp;

  beforeAll(async () => {
    app = await AdminApp.start({ adapter });
  });
  afterAll(() => app.stop());

  async function started(name: string, first: string, tags: Record<string, string> = {}): Promise<string> {
    const w = app.dispatcher.workflow(name, { tags });
    w.add('default', 'greet', {}, { as: 'second', after: w.add('default', first, {}, { as: 'first' }) });
    return (await w.start()).id;
  }

  async function over(id: string, state: string): Promise<Workflow> {
    return until(`workflow ${id} to be ${state}`, async () => {
      const { status, body } = await app.get(`workflows/${id}`);
      expect(status).toBe(200);
      const workflow: Workflow = body;
      return workflow.state === state && workflow;
    });
  }

  const ids = async (query: string): Promise<string[]> => {
    const { status, body } = await app.get(`workflows?${query}`);
    expect(status).toBe(200);
    return (body as WorkflowPage).items.map(({ id }) => id);
  };

  it('lists them, the newest first, by name, state and tags, a page at a time', async () => {
    const a = await started('listed', 'greet', { customer: '1', shop: 'north' });
    const b = await started('listed', 'break', { customer: '1' });
    const c = await started('listed too', 'greet', { customer: '2', shop: 'north' });
    await Promise.all([over(a, 'completed'), over(b, 'failed'), over(c, 'completed')]);
    expect((await ids('')).slice(0, 3)).toEqual([c, b, a]);
    expect(await ids('name=listed')).toEqual([b, a]);
    expect(await ids('name=listed&state=completed')).toEqual([a]);
    expect(await ids('tag=customer:1&tag=shop:north')).toEqual([a]);
    expect(await ids('tag=customer:1&state=failed')).toEqual([b]);
    const { body } = await app.get('workflows?limit=1&name=listed');
    const { items, next } = body as WorkflowPage;
    expect(items).toMatchObject([
      {
        id: b,
        name: 'listed',
        state: 'failed',
        percent: 100,
        nodes: { blocked: 0, running: 0, completed: 0, failed: 1, cancelled: 1 },
        tasks: { total: 2, ended: 2 },
        tags: { customer: '1' },
        deadlineAt: null,
      },
    ]);
    expect(await ids(`name=listed&limit=1&cursor=${next}`)).toEqual([a]);
  });

  it('refuses a query that it does not know, and says why', async () => {
    for (const [query, field] of [
      ['state=blocked', 'state'],
      ['limit=0', 'limit'],
      ['tag=customer', 'tag'],
      ['cursor=never', 'cursor'],
      ['colour=red', 'colour'],
    ]) {
      const answer = await app.get(`workflows?${query}`);
      expect(answer, query).toMatchObject({ status: 422, type: 'application/problem+json' });
      expect(answer.text).toContain(field);
    }
    expect(await app.get('workflows/nobody')).toMatchObject({ status: 404 });
    expect(await app.get('workflows/nobody?x=1')).toMatchObject({ status: 422 });
  });

  it('shows one with its nodes, what each waits for, and why it never ran', async () => {
    const id = await started('shown', 'break');
    const { listed } = await over(id, 'failed');
    expect(listed).toMatchObject([
      { number: 0, name: 'first', kind: 'one', queue: 'default', task: 'break', state: 'failed', waitsFor: 0 },
      { number: 1, name: 'second', state: 'cancelled', after: [0], when: 'completed', cause: 'first' },
    ]);
    const task = await app.get(`tasks/${listed[1]!.taskId}`);
    expect(task.body).toMatchObject({ state: 'cancelled', workflow: { id, node: 'second', cause: 'first' } });
  });

  it('cancels one that runs, refuses to where it has ended, and notes who did', async () => {
    const id = await started('cancelled', 'wait');
    expect(await app.post(`workflows/${id}/cancel`)).toMatchObject({ status: 200, body: { id, reason: 'cancelled' } });
    const { listed } = await over(id, 'cancelled');
    expect(listed.map(({ state, reason }) => [state, reason])).toEqual([
      ['cancelled', 'cancelled'],
      ['cancelled', 'cancelled'],
    ]);
    expect(await app.post(`workflows/${id}/cancel`)).toMatchObject({ status: 409 });
    expect(await app.post('workflows/nobody/cancel')).toMatchObject({ status: 404 });
    const { body } = await app.get('audit');
    const { items } = body as { items: AuditEntry[] };
    expect(items.filter(({ target }) => target === id)).toMatchObject([{ action: 'cancel-workflow', changed: 1 }]);
  });

  it('retries one from a node, refuses to where nothing failed, and what it does not know', async () => {
    const id = await started('retried', 'break');
    await over(id, 'failed');
    const answer = await app.post(`workflows/${id}/retry`, { from: 'nothing' });
    expect(answer).toMatchObject({ status: 409 });
    expect(answer.text).toContain('first');
    expect(await app.post(`workflows/${id}/retry`, { to: 'first' })).toMatchObject({ status: 422 });
    expect(await app.post(`workflows/${id}/retry`, { from: 'first' })).toMatchObject({ status: 200, body: { id } });
    const { listed } = await over(id, 'failed');
    const task = await app.dispatcher.get(listed[0]!.taskId!);
    expect(task.attempt).toBeGreaterThan(1);
    expect(await app.post('workflows/nobody/retry', {})).toMatchObject({ status: 404 });
    const well = await started('well', 'greet');
    await over(well, 'completed');
    expect(await app.post(`workflows/${well}/retry`, {})).toMatchObject({ status: 409 });
  });
});
