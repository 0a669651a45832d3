import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { START } from '../../../../test/conformance/harness.js';
import { until } from '../../../../test/support/until.js';
import { ManualClock, turn } from '../../../clock/index.js';
import type { Committed } from '../store/transaction.js';
import { Duty } from './duty.js';

describe('A duty whose time has come, and whose timer is late', () => {
  /** Shows a time, and fires no timer by itself. */
  const clock = { time: 0, now: () => clock.time, schedule: () => () => undefined };

  it('has its round although something later is expected meanwhile', async () => {
    const rounds: number[] = [];
    class Counting extends Duty {
      protected override readonly name = 'Counting';
      protected override run(): Promise<null> {
        rounds.push(clock.time);
        return Promise.resolve(null);
      }
    }
    const duty = new Counting(clock, { log: () => undefined, warn: () => undefined, error: () => undefined });
    duty.start();
    await until('the first round', () => rounds.length === 1);
    duty.expect(10);
    clock.time = 10;
    duty.expect(1_000);
    await until('the round that is due', () => rounds.length === 2);
    expect(rounds).toEqual([0, 10]);
    await duty.stop();
  });
});

/** A duty that tells of its rounds; the test says when each one ends, and what comes of it. */
class Noting extends Duty {
  protected override readonly name = 'The note';
  readonly rounds: number[] = [];
  /** What the next round comes to. */
  next: () => Promise<number | null> = async () => null;

  constructor(
    readonly time: ManualClock,
    errors: string[],
  ) {
    super(time, { log: () => undefined, warn: () => undefined, error: (message: string) => void errors.push(message) });
  }

  protected override run(): Promise<number | null> {
    this.rounds.push(this.time.now() - START);
    return this.next();
  }

  startLater(time: number): void {
    this.startAt(time);
  }
}

describe('A duty', () => {
  let clock: ManualClock;
  let duty: Noting;
  let errors: string[];

  beforeEach(() => {
    clock = new ManualClock(START);
    errors = [];
    duty = new Noting(clock, errors);
  });
  afterEach(() => duty.stop());

  /** All rounds that are due by now. */
  async function rounds(): Promise<number[]> {
    await duty.rest();
    return duty.rounds.splice(0);
  }

  it('has its first round when it starts, once, and none before', async () => {
    duty.expect(START);
    duty.expect(START + 10);
    expect(duty.isBusy).toBe(false);
    expect(clock.nextAt).toBeNull();
    expect(await rounds()).toEqual([]);
    duty.start();
    duty.start();
    duty.startLater(START);
    expect(duty.isBusy).toBe(true);
    expect(await rounds()).toEqual([0]);
    expect(duty.isBusy).toBe(false);
    duty.start();
    expect(await rounds()).toEqual([]);
  });

  it('sleeps until the time that its round has found, and then no more', async () => {
    duty.next = async () => (duty.rounds.length === 1 ? START + 100 : null);
    duty.start();
    await duty.rest();
    expect(clock.nextAt).toBe(START + 100);
    clock.advance(99);
    await duty.rest();
    expect(duty.rounds).toEqual([0]);
    clock.advance(1);
    await duty.rest();
    expect(duty.rounds).toEqual([0, 100]);
    expect(clock.nextAt).toBeNull();
  });

  it('begins later where it is told to, and not at all where it is told of no time', async () => {
    duty.startLater(START + 50);
    expect(await rounds()).toEqual([]);
    clock.advance(50);
    expect(await rounds()).toEqual([50]);

    const idle = new Noting(clock, errors);
    idle.startLater(Infinity);
    await idle.rest();
    expect(clock.nextAt).toBeNull();
    idle.expect(clock.now());
    await idle.rest();
    expect(idle.rounds).toEqual([50]);
    await idle.stop();
  });

  it('is woken by the earliest time that it is told of, and has one timer', async () => {
    duty.start();
    await duty.rest();
    duty.expect(START + 300);
    duty.expect(START + 100);
    duty.expect(START + 200);
    expect(clock.nextAt).toBe(START + 100);
    clock.advance(300);
    expect(await rounds()).toEqual([0, 100]);
    // The later times are the next round's to find.
    expect(clock.nextAt).toBeNull();
  });

  it('sets no timer anew where it is told of a time again, or of a later one', async () => {
    duty.startLater(START + 100);
    const timers = vi.spyOn(clock, 'schedule');
    duty.expect(START + 100);
    duty.expect(START + 200);
    expect(timers).not.toHaveBeenCalled();
    expect(clock.nextAt).toBe(START + 100);
  });

  it('does at once what is due, however often it is told', async () => {
    duty.start();
    await duty.rest();
    duty.expect(START);
    duty.expect(START - 5);
    duty.expect(START);
    duty.expect(START + 5);
    expect(duty.isBusy).toBe(true);
    await duty.rest();
    await turn();
    expect(await rounds()).toEqual([0, 0]);
    expect(clock.nextAt).toBeNull();
  });

  it('looks again after a round in which it was told of something', async () => {
    let end!: (next: number | null) => void;
    duty.next = () => new Promise((resolve) => (end = resolve));
    duty.start();
    await until('the round', () => duty.rounds.length === 1);
    expect(duty.isBusy).toBe(true);
    duty.expect(START + 40);
    duty.expect(START + 30);
    clock.advance(30);
    expect(duty.rounds).toEqual([0]);
    duty.next = async () => null;
    end(START + 70);
    await until('the next round', () => duty.rounds.length === 2);
    expect(await rounds()).toEqual([0, 30]);
    expect(clock.nextAt).toBeNull();
  });

  it('goes by the earlier of what it was told in a round and what that found', async () => {
    let end!: (next: number | null) => void;
    for (const [told, found, wakes] of [
      [70, 30, 30],
      [30, 70, 30],
      [30, null, 30],
    ] as const) {
      const each = new Noting(clock, errors);
      const now = clock.now();
      each.next = () => new Promise((resolve) => (end = resolve));
      each.start();
      await until('the round', () => each.rounds.length === 1);
      each.expect(now + told);
      end(found === null ? null : now + found);
      await until('its end', () => !each.isBusy);
      each.next = async () => null;
      clock.set(now + wakes - 1);
      await each.rest();
      expect(each.rounds).toHaveLength(1);
      clock.set(now + wakes);
      await each.rest();
      expect(each.rounds).toHaveLength(2);
      await each.stop();
    }
  });

  it('waits for a round that is under way when it stops, and has no other', async () => {
    let end!: (next: number | null) => void;
    duty.next = () => new Promise((resolve) => (end = resolve));
    duty.start();
    await until('the round', () => duty.rounds.length === 1);
    let hasStopped = false;
    const stopping = duty.stop().then(() => (hasStopped = true));
    expect(duty.isBusy).toBe(false);
    await turn();
    expect(hasStopped).toBe(false);
    end(START);
    await stopping;
    duty.expect(START);
    duty.expect(START + 10);
    expect(clock.nextAt).toBeNull();
    clock.advance(1_000);
    await turn();
    expect(duty.rounds).toEqual([0]);
  });

  it('has no round that it was about to have when it stops, now or later', async () => {
    duty.start();
    await duty.stop();
    await turn();
    expect(duty.rounds).toEqual([]);

    const later = new Noting(clock, errors);
    later.startLater(START + 10);
    await later.stop();
    expect(clock.nextAt).toBeNull();
  });

  it('says what went wrong in a round, and tries again after a second', async () => {
    duty.next = async () => {
      throw new Error('the disk is full');
    };
    duty.start();
    await duty.rest();
    expect(errors).toEqual(['The note: the disk is full']);
    expect(clock.nextAt).toBe(START + 1_000);
    duty.next = async () => null;
    clock.advance(1_000);
    expect(await rounds()).toEqual([0, 1_000]);
    expect(errors).toHaveLength(1);
  });

  it('says nothing of what goes wrong as it stops', async () => {
    let fail!: (error: Error) => void;
    duty.next = () => new Promise((_, reject) => (fail = reject));
    duty.start();
    await until('the round', () => duty.rounds.length === 1);
    const stopping = duty.stop();
    fail(new Error('the store is closed'));
    await stopping;
    expect(errors).toEqual([]);
    expect(clock.nextAt).toBeNull();
  });

  it('is woken by a commit of something that comes due, and by no other', async () => {
    duty.startLater(Infinity);
    const nothing = { dueAt: Infinity, lapseAt: START, settleAt: START } as Committed;
    duty.committed(nothing);
    expect(await rounds()).toEqual([]);
    expect(clock.nextAt).toBeNull();
    duty.committed({ ...nothing, dueAt: START + 20 });
    expect(clock.nextAt).toBe(START + 20);
    clock.advance(20);
    expect(await rounds()).toEqual([20]);
  });
});
