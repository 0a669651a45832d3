import { describe, expect, it } from 'vitest';
import { CREATED_AT, foreignJob, jobOf, plainJob } from '../../../../test/engines/support/plain-job.js';
import { someTasks } from '../../../../test/migrate/support/some-tasks.js';
import { attemptsBefore, carriedOf, isAsCarried, isLanding, withoutPast } from './carried.js';
import { toMovedJob } from './job-rows.js';

const NOW = CREATED_AT + 86_400_000;

describe('a failed task that was moved', () => {
  const failed = someTasks(4, NOW)[3]!;
  const landed = plainJob(toMovedJob(failed, NOW), { attemptsStarted: 1, attemptsMade: 1 });

  it('is to fail, unrun, before it is among the failed ones', () => {
    const added = plainJob(toMovedJob(failed, NOW));
    expect(failed.state).toBe('failed');
    expect(added.opts.priority).toBeUndefined();
    expect(isLanding(added)).toBe(true);
    expect(isLanding(plainJob(toMovedJob(failed, NOW), { priority: 5 }))).toBe(false);
  });

  it('alone is to, at the priority that it has until then', () => {
    expect(isLanding(foreignJob())).toBe(false);
    expect(isLanding(plainJob(toMovedJob({ ...failed, state: 'available' }, NOW), { priority: 0 }))).toBe(false);
  });

  it('counts its landing as its last attempt', () => {
    expect(attemptsBefore(landed)).toBe(failed.attempt - 1);
  });

  it('is not as it came any more once it was tried here', () => {
    const job = toMovedJob(failed, NOW);
    expect(isAsCarried(plainJob(job, { attemptsStarted: 1, attemptsMade: 1 }))).toBe(true);
    expect(isAsCarried(plainJob(job, { attemptsStarted: 2, attemptsMade: 1 }))).toBe(false);
    // By hand: BullMQ begins to count anew.
    expect(isAsCarried(plainJob(job, { attemptsStarted: 1, attemptsMade: 0 }))).toBe(false);
    const waiting = toMovedJob({ ...failed, state: 'available' }, NOW);
    expect(isAsCarried(plainJob(waiting))).toBe(true);
    expect(isAsCarried(plainJob(waiting, { attemptsStarted: 1 }))).toBe(false);
  });

  it('leaves its past behind where it begins anew', () => {
    const { opts } = landed;
    const anew = withoutPast(opts);
    expect(carriedOf({ opts })).not.toBeNull();
    expect(carriedOf({ opts: anew })).toBeNull();
    expect(anew).toMatchObject({ attempts: opts.attempts });
  });
});

describe('a task that has no past', () => {
  it('carries none, and stays as it is where it begins anew', () => {
    const job = jobOf();
    expect(carriedOf(job)).toBeNull();
    expect(attemptsBefore(job)).toBe(0);
    expect(isLanding(job)).toBe(false);
    expect(isAsCarried(job)).toBe(false);
    expect(withoutPast(job.opts)).toBe(job.opts);
    const foreign = foreignJob();
    expect(withoutPast(foreign.opts)).toBe(foreign.opts);
  });
});
