import { describe, expect, it } from 'vitest';
import { Workload } from '../../bench/workload.js';

describe('the record of what ran', () => {
  it('counts each index, however large', () => {
    const workload = new Workload({ kind: 'no-op' });
    for (const index of [0, 3, 3, 5_000_000]) void workload.run(index);
    expect(workload.count).toBe(4);
    expect([0, 1, 3, 5_000_000].map((index) => workload.counts[index])).toEqual([1, 0, 2, 1]);
  });

  it('tells when so many have begun, and when a task has', async () => {
    const workload = new Workload({ kind: 'no-op', times: true });
    const second = workload.reached(2);
    const seventh = workload.began(7);
    void workload.run(1);
    void workload.run(7);
    expect(await seventh).toBe(workload.lastAt);
    expect(await second).toBe(workload.lastAt);
    expect(await workload.reached(1)).toBeGreaterThan(0);
  });

  it('lets the paced through, in the order in which they came, and what is held when it stops', async () => {
    const workload = new Workload({ kind: 'paced' });
    const ended: number[] = [];
    const running = [1, 2, 3].map(async (index) => {
      await workload.run(index);
      ended.push(index);
    });
    await Promise.all(running);
    expect(ended).toEqual([1, 2, 3]);
    const held = workload.run(4);
    workload.stop();
    await held;
  });
});
