import { describe, expect, it } from 'vitest';
import { ClaimPace } from './claim-pace.js';

/** Has so many tasks start, each so long after the one before. */
function start(pace: ClaimPace, count: number, apart: number): void {
  for (let index = 0; index < count; index += 1) pace.started(index * apart, index === count - 1);
}

describe('The pace of a queue', () => {
  it('has nothing claimed ahead before something ran, nor where runs are long', () => {
    const pace = new ClaimPace();
    expect(pace.aheadOf(5)).toBe(0);
    pace.ran(10);
    expect(pace.aheadOf(5)).toBe(0);
    pace.ran(0);
    expect(pace.aheadOf(9)).toBe(10);
    pace.forgetRuns();
    expect(pace.aheadOf(9)).toBe(0);
  });

  it('has as many claimed ahead as end while three claims are made, where those take long', () => {
    const pace = new ClaimPace();
    pace.ran(0);
    pace.claimed(2);
    expect(pace.aheadOf(9)).toBe(10);
    for (let count = 0; count < 200; count += 1) pace.claimed(6);
    expect(pace.aheadOf(10)).toBe(20);
    for (let count = 0; count < 200; count += 1) pace.claimed(1_000);
    expect(pace.aheadOf(9)).toBe(50);
  });

  it('takes the first claim for one like all', () => {
    const pace = new ClaimPace();
    pace.ran(0);
    pace.claimed(9);
    expect(pace.aheadOf(1)).toBe(3);
  });

  it('bounds nothing before a few tasks have started', () => {
    const pace = new ClaimPace();
    expect(pace.startable).toBe(Infinity);
    start(pace, 3, 5);
    expect(pace.startable).toBe(Infinity);
    start(pace, 2, 5);
    expect(pace.startable).toBe(2);
  });

  it('leaves out the time in which there was nothing to start', () => {
    const pace = new ClaimPace();
    start(pace, 5, 1);
    pace.started(60_000, false);
    pace.started(60_001, true);
    expect(pace.startable).toBe(10);
  });

  it('is at least one, and forgets', () => {
    const pace = new ClaimPace();
    start(pace, 5, 400);
    expect(pace.startable).toBe(1);
    start(pace, 2_000, 0.5);
    expect(pace.startable).toBe(20);
  });

  it('is as many as there may be, where starts take no time', () => {
    const pace = new ClaimPace();
    start(pace, 5, 0);
    expect(pace.startable).toBe(4_000);
  });
});
