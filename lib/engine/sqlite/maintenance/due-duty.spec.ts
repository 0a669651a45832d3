import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE, START } from '../../../../test/conformance/harness.js';
import { DutySite } from '../../../../test/support/duty-site.js';
import type { DueDuty } from './due-duty.js';
import { Lapser } from './lapser.js';
import { Promoter } from './promoter.js';
import { WorkflowSettler } from './workflow-settler.js';

/** More than one transaction takes of any of them. */
const MANY = 501;

let site: DutySite;

beforeEach(async () => {
  site = await DutySite.open();
});
afterEach(() => site.close());

describe('A duty about rows that come due', () => {
  const opened: DueDuty[] = [];
  afterEach(async () => {
    for (const duty of opened.splice(0)) await duty.stop();
  });

  async function begin(duty: DueDuty): Promise<DueDuty> {
    opened.push(duty);
    await duty.open();
    return duty;
  }

  it('sleeps where there is none, and writes nothing', async () => {
    await site.store(0);
    const duty = await begin(new Promoter(site.context(), site.connection, site.writer));
    expect(duty.isBusy).toBe(false);
    expect(site.clock.nextAt).toBeNull();
    duty.expect(START);
    await duty.rest();
    expect(site.clock.nextAt).toBeNull();
    expect(site.writes).toBe(0);
  });

  it('sleeps until the first is due, and then until the next', async () => {
    await site.store(1, { runAt: START + MINUTE });
    await site.store(1, { runAt: START + 3 * MINUTE });
    const duty = await begin(new Promoter(site.context(), site.connection, site.writer));
    expect(site.clock.nextAt).toBe(START + MINUTE);
    // A round before that finds nothing to do.
    duty.expect(START);
    await duty.rest();
    expect(site.writes).toBe(0);
    expect(site.clock.nextAt).toBe(START + MINUTE);
    site.clock.advance(MINUTE);
    await duty.rest();
    expect([site.writes, site.count('available'), site.count('scheduled')]).toEqual([1, 1, 1]);
    expect(site.clock.nextAt).toBe(START + 3 * MINUTE);
  });

  it('does what is due when it is opened, a batch a transaction', async () => {
    await site.store(MANY, { runAt: START + MINUTE });
    site.clock.advance(MINUTE);
    const duty = await begin(new Promoter(site.context(), site.connection, site.writer));
    await duty.rest();
    expect([site.writes, site.count('available'), site.count('scheduled')]).toEqual([2, MANY, 0]);
    expect(site.clock.nextAt).toBeNull();
  });

  it('tries again where it could not look when it was opened, and says so', async () => {
    await site.store(1, { runAt: START });
    const { connection } = site;
    const read = connection.read.bind(connection);
    let faults = 2;
    connection.read = (query) => (faults-- > 0 ? Promise.reject(new Error('the disk is away')) : read(query));
    const duty = await begin(new Lapser(site.context(), site.connection, site.writer));
    await duty.rest();
    expect(site.errors).toEqual(['Lapser: the disk is away']);
    expect(site.clock.nextAt).toBe(START + 1_000);
  });

  it('ends what has lapsed, a batch a transaction', async () => {
    await site.store(MANY, { runAt: START + MINUTE, traits: { startBy: START + 10 } });
    const duty = await begin(new Lapser(site.context(), site.connection, site.writer));
    expect(site.clock.nextAt).toBe(START + 10);
    site.clock.advance(10);
    await duty.rest();
    expect([site.writes, site.count('cancelled'), site.count('scheduled')]).toEqual([2, MANY, 0]);
    expect(site.clock.nextAt).toBeNull();
  });

  it('has no workflow go on where there is none, and writes nothing', async () => {
    await site.store(1);
    const duty = await begin(new WorkflowSettler(site.context(), site.connection, site.writer));
    expect(site.clock.nextAt).toBeNull();
    duty.expect(0);
    expect(duty.isBusy).toBe(true);
    await duty.rest();
    expect(site.writes).toBe(0);
  });
});
