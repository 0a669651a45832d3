import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import { newWorkflow } from '../../../../test/support/new-workflow.js';
import type { NewWorkflow } from '../../port/index.js';
import { runScript } from '../sql/run-script.js';
import { startWorkflow } from '../sql/start-workflow.js';
import { WorkflowSettler } from './workflow-settler.js';

/** How long a task is kept that was cancelled. */
const KEPT_FOR = 7 * MINUTE;

describe('A workflow', () => {
  let site: DutySite;
  let settler: WorkflowSettler;

  beforeEach(async () => {
    site = await DutySite.open();
    const keepFor = (queue: string, state: string) => (queue === 'other' && state === 'cancelled' ? KEPT_FOR : MINUTE);
    settler = new WorkflowSettler(site.context({ keepFor }), site.connection, site.writer);
  });
  afterEach(async () => {
    await settler.stop();
    await site.close();
  });

  async function started(
    shapes: Parameters<typeof newWorkflow>[1],
    overrides: Partial<NewWorkflow> = {},
  ): Promise<void> {
    const flow = { ...newWorkflow(site.clock, shapes), ...overrides };
    await site.writer.write((transaction) => runScript(transaction, startWorkflow(flow, START, transaction)));
    site.writes = 0;
  }

  const workflows = (): unknown[] =>
    site.connection.database
      .prepare('SELECT state, finished_at AS finishedAt, expires_at AS expiresAt FROM tasks_workflow')
      .all();

  it('goes on where a process has left it, a batch a transaction, and is looked at no more', async () => {
    await started({ nothing: { tasks: 0 }, many: { after: [0], tasks: 450 }, last: { after: [1] } });
    expect([site.count('available'), site.count('blocked')]).toEqual([0, 451]);
    await settler.open();
    await settler.rest();
    expect([site.count('available'), site.count('blocked')]).toEqual([450, 1]);
    expect(site.writes).toBe(3);
    expect(site.clock.nextAt).toBeNull();
  });

  it('fails at its deadline, and is deleted with its tasks when they are kept no longer', async () => {
    await started({ one: { delay: 10 * MINUTE, queue: 'other' } }, { deadlineAt: START + MINUTE });
    await settler.open();
    expect(site.clock.nextAt).toBe(START + MINUTE);
    site.clock.advance(MINUTE);
    await settler.rest();
    const expiresAt = START + MINUTE + KEPT_FOR;
    expect(workflows()).toEqual([{ state: 'failed', finishedAt: START + MINUTE, expiresAt }]);
    expect(site.count('cancelled')).toBe(1);
    expect(site.clock.nextAt).toBe(expiresAt);
    site.clock.set(expiresAt - 1);
    await settler.rest();
    expect(workflows()).toHaveLength(1);
    site.clock.set(expiresAt);
    await settler.rest();
    expect([workflows(), site.count('cancelled')]).toEqual([[], 0]);
    expect(site.clock.nextAt).toBeNull();
  });
});
