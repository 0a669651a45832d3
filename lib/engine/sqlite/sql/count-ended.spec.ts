import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completed, failed } from '../../../../test/conformance/harness.js';
import { QuietWorkflows } from '../../../../test/support/quiet-workflows.js';
import type { Outcome } from '../../port/index.js';
import { countEnded } from './count-ended.js';
import { followEdges } from './follow-edges.js';
import { workOnNodes } from './work-on-nodes.js';

let site: QuietWorkflows;

beforeEach(async () => void (site = await QuietWorkflows.open()));
afterEach(() => site.close());

const cancelled: Outcome = { kind: 'cancelled', maxAttempts: 4, keepFor: 1_000 };
const ENDS: Record<string, Outcome> = { completed, failed: failed(), cancelled };

const count = (limit: number) => site.step((transaction, judging) => countEnded(transaction, judging, limit));
const work = () => site.find('SELECT kind, node FROM tasks_node_work ORDER BY kind, node');
const settling = () => site.find('SELECT task FROM tasks_settling ORDER BY task').map(({ task }) => task);

describe('A task that is retried', () => {
  /** The first node ends so, its task is retried and ends as another. */
  function retried(at: QuietWorkflows, others: boolean, first: Outcome, then: Outcome, between: () => void): unknown {
    const followers = {
      b: { after: [0] },
      c: { after: [0], when: 'failed' },
      d: { after: [0], when: 'ended' },
    } as const;
    at.begin({ a: {}, ...(others && followers) });
    at.work(first, 'a');
    at.clock.advance(5);
    const id = at.taskOf('a');
    at.act('retry', id);
    between();
    at.run('UPDATE tasks_task SET priority = 9 WHERE id = ?', id);
    at.end(at.claim()[0]!, { ...then, keepFor: 9_000 } as Outcome);
    at.settle();
    const { state, ended, finished_at: finishedAt, expires_at: expiresAt } = at.workflow()!;
    return { nodes: at.nodes(), tasks: at.tasks(), state, ended, finishedAt, expiresAt };
  }

  it.each([
    ['failed', 'completed'],
    ['failed', 'failed'],
    ['failed', 'cancelled'],
    ['cancelled', 'completed'],
    ['cancelled', 'failed'],
  ])('has the same follow, whether or not it is counted before it ends again: %s, then %s', async (...ends) => {
    const [first, then] = ends.map((end) => ENDS[end]!);
    for (const others of [true, false]) {
      const other = await QuietWorkflows.open();
      const told = retried(other, others, first!, then!, () => other.settle());
      expect(retried(site, others, first!, then!, () => undefined)).toEqual(told);
      expect(told).toMatchObject({ nodes: { a: ends[1] } });
      await other.close();
      await site.close();
      site = await QuietWorkflows.open();
    }
  });

  it('changes nothing where it is cancelled once more before it is counted', () => {
    site.begin({ a: {}, b: { after: [0] } });
    site.work(cancelled, 'a');
    const before = [site.nodes(), site.workflow()];
    site.act('retry', site.taskOf('a'));
    site.act('cancel', site.taskOf('a'));
    site.settle();
    expect([site.nodes(), site.workflow()]).toEqual(before);
    expect(settling()).toEqual([]);
  });

  it('is kept with its workflow from its second end on, and counted once', () => {
    site.begin({ a: {} });
    site.work(failed(), 'a');
    site.act('retry', site.taskOf('a'));
    site.end(site.claim()[0]!, { kind: 'completed', maxAttempts: 4, keepFor: 9_000 });
    expect(count(200)).toBe(1);
    expect([site.nodes(), settling()]).toEqual([{ a: 'running' }, [1]]);
    expect(count(200)).toBe(1);
    expect([site.nodes(), settling()]).toEqual([{ a: 'completed' }, []]);
    expect(site.workflow()).toMatchObject({ state: 'completed', ended: 1, expires_at: site.now + 9_000 });
    expect(count(200)).toBe(0);
  });
});

describe('A node that is cancelled', () => {
  /** One of which two tasks are cancelled, and not counted. */
  function cancelNode(): void {
    site.begin({ a: {}, b: { after: [0], tasks: 2 }, c: { after: [1], when: 'ended' } });
    site.end(site.claim()[0]!, failed());
    count(200);
    site.step((transaction, judging) => followEdges(transaction, judging, 200));
    const rules = { now: site.now, keepFor: () => 1_000 };
    site.step((transaction, judging) => workOnNodes(transaction, judging, rules, 200));
    expect([site.tasks(), settling()]).toEqual([
      ['failed', 'cancelled', 'cancelled', 'blocked'],
      [2, 3],
    ]);
  }

  it('stays so while its tasks are counted, and tells with the last', () => {
    cancelNode();
    count(1);
    expect([site.nodes().b, work()]).toEqual(['cancelled condition', []]);
    count(1);
    expect([site.nodes().b, work()]).toEqual(['cancelled condition', [{ kind: 'edges', node: 2 }]]);
  });

  it('runs again where one of its tasks is retried while the end of another is counted', () => {
    cancelNode();
    count(1);
    site.act('retry', site.taskOf('b', 0));
    count(200);
    expect(site.nodes()).toMatchObject({ b: 'running' });
    site.work(completed, 'b');
    expect(site.nodes()).toMatchObject({ b: 'cancelled', c: 'running' });
  });
});

describe('What is to be counted', () => {
  it('is forgotten where its task, its node, or what says of which node it is, is gone', () => {
    site.begin({ a: {}, gone: {}, none: {} });
    site.run('DELETE FROM tasks_node WHERE seq = 2');
    site.run('DELETE FROM tasks_node_task WHERE task = 3');
    site.run(`INSERT INTO tasks_node_task (task, node, workflow, name, counted) VALUES (9, 1, 1, 'a', 'failed')`);
    for (const task of [2, 3, 9]) site.run('INSERT INTO tasks_settling (task, keep_until) VALUES (?, 0)', task);
    const before = site.find('SELECT * FROM tasks_node');
    site.settle();
    expect(settling()).toEqual([]);
    expect(site.find('SELECT * FROM tasks_node')).toEqual(before);
  });
});
