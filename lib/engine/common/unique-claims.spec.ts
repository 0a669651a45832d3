import { describe, expect, it } from 'vitest';
import type { TaskState, UniqueClaim } from '../../contract/index.js';
import { isHeld, joinedParams, replacedRunAt, storedKey, takenKey, verdictOn } from './unique-claims.js';

const NOW = 1_000_000;
const CLAIM: UniqueClaim = { key: 'a', until: 'ended', onConflict: 'keep' };

const task = (state: TaskState, attempt = 0, runAt = NOW) => ({ state, attempt, runAt });

describe('a key that is taken', () => {
  it('until the end is held by whatever has not ended', () => {
    const taken = takenKey(CLAIM, 0, NOW);
    const states: TaskState[] = ['scheduled', 'available', 'held', 'running', 'retryable'];
    expect(states.map((state) => isHeld(taken, task(state, 3), NOW + 1))).toEqual(states.map(() => true));
    const ended: TaskState[] = ['completed', 'failed', 'cancelled'];
    expect(ended.map((state) => isHeld(taken, task(state), NOW + 1))).toEqual([false, false, false]);
    expect(isHeld(taken, null, NOW)).toBe(false);
  });

  it('until the start is held while the task waits for its first attempt since', () => {
    const taken = takenKey({ ...CLAIM, until: 'started' }, 2, NOW);
    expect(isHeld(taken, task('available', 2), NOW)).toBe(true);
    expect(isHeld(taken, task('running', 3), NOW)).toBe(false);
    expect(isHeld(taken, task('retryable', 3), NOW)).toBe(false);
    expect(isHeld(taken, task('cancelled', 2), NOW)).toBe(false);
  });

  it('for a time is held until then, and not for more than twice as long by a clock that is set back', () => {
    const taken = takenKey({ ...CLAIM, until: 'time', for: 100 }, 0, NOW);
    const at = (now: number) => isHeld(taken, task('completed', 1), now);
    expect([NOW, NOW + 99, NOW + 100].map(at)).toEqual([true, true, false]);
    expect([NOW - 100, NOW - 101].map(at)).toEqual([true, false]);
    const either = takenKey({ ...CLAIM, for: 100 }, 0, NOW);
    expect(isHeld(either, task('available'), NOW + 100)).toBe(false);
    expect(isHeld(either, task('completed'), NOW + 1)).toBe(false);
  });

  it('is another one for another queue or name, however they are written', () => {
    const keys = [
      storedKey({ queue: 'a', name: 'b' }, CLAIM),
      storedKey({ queue: 'a","b', name: '' }, CLAIM),
      storedKey({ queue: 'b', name: 'a' }, CLAIM),
      storedKey({ queue: 'a', name: 'b' }, { ...CLAIM, key: 'b' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a task whose key is held', () => {
  const taken = takenKey({ ...CLAIM, until: 'ended' }, 0, NOW);

  it('replaces or joins the holder only before that has started', () => {
    const verdict = (onConflict: UniqueClaim['onConflict'], state: TaskState, attempt: number) =>
      verdictOn({ ...CLAIM, onConflict }, { taken, task: task(state, attempt) });
    expect(verdict('replace', 'available', 0)).toBe('replace');
    expect(verdict('join', 'scheduled', 0)).toBe('join');
    expect(verdict('replace', 'running', 1)).toBe('keep');
    expect(verdict('join', 'retryable', 1)).toBe('keep');
    expect(verdict('reject', 'running', 1)).toBe('reject');
  });

  it('puts the holder off by its wait, to its bound at most, and never one that is due', () => {
    const claim: UniqueClaim = { ...CLAIM, onConflict: 'replace', wait: 5, max: 12 };
    const runAt = (now: number, due: number) =>
      replacedRunAt(claim, now + 5, { taken, task: task('scheduled', 0, due) }, now);
    expect(runAt(NOW + 4, NOW + 5)).toBe(NOW + 9);
    expect(runAt(NOW + 8, NOW + 9)).toBe(NOW + 12);
    expect(runAt(NOW + 20, NOW + 9)).toBe(NOW + 9);
    expect(replacedRunAt(CLAIM, NOW + 99, { taken, task: task('available') }, NOW)).toBe(NOW + 99);
  });

  it('joins its list where both are lists, and what they make is not too large', () => {
    const join = { field: 'ids', maxBytes: 24 };
    expect(joinedParams('{"ids":[1],"a":1}', '{"ids":[2,3],"a":2}', join)).toBe('{"ids":[1,2,3],"a":1}');
    expect(joinedParams('{"ids":[1],"a":1}', '{"ids":[2,3,4,5]}', join)).toBeNull();
    expect(joinedParams('{"ids":1}', '{"ids":[2]}', join)).toBeNull();
    expect(joinedParams('no JSON', '{"ids":[2]}', join)).toBeNull();
    const proto = joinedParams('{"__proto__":[1]}', '{"__proto__":[2]}', { field: '__proto__', maxBytes: 99 });
    expect(proto).toBe('{"__proto__":[1,2]}');
  });
});
