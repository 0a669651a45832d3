import type { StoredTask } from '../../../lib/engine/port/transfer-store.js';

const HOUR = 3_600_000;

/** Tasks of every kind that is moved: what each is follows from its number. */
export function someTasks(count: number, now: number): StoredTask[] {
  return Array.from({ length: count }, (_, index) => someTask(index, now));
}

function someTask(index: number, now: number): StoredTask {
  const state = (['available', 'scheduled', 'retryable', 'failed', 'available'] as const)[index % 5]!;
  const createdAt = now - 24 * HOUR + index;
  const tried = state === 'failed' || state === 'retryable' || index % 10 === 4 ? 1 + (index % 3) : 0;
  const waits = state === 'scheduled' || state === 'retryable';
  return {
    id: `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    queue: index % 7 === 0 ? 'mail' : 'default',
    name: 'work',
    state,
    params: JSON.stringify({ index, secret: `secret ${index} \u0000 \ud83d`, nested: { b: [1.5, null], a: 'ü' } }),
    priority: index % 4,
    runAt: waits ? now + HOUR + (index % 50) : createdAt,
    createdAt,
    maxAttempts: index % 2 === 0 ? 5 : null,
    settings: index % 3 === 0 ? '{"timeout":1000}' : null,
    sensitive: index % 2 === 0 ? ['secret'] : [],
    ...(index % 9 === 0 && { parentId: `parent-of-${index}` }),
    ...(index % 8 === 0 &&
      state !== 'failed' && { traits: { tags: { customer: `${index % 3}`, é: '😀' }, deadlineAt: now + 24 * HOUR } }),
    ...(index % 8 === 4 && { traits: { startBy: now + 24 * HOUR, version: 2 } }),
    attempt: tried,
    excusedAttempts: Math.max(0, tried - 2),
    lostAttempts: 0,
    startedAt: tried > 0 ? createdAt + 10 * tried : null,
    finishedAt: state === 'failed' ? createdAt + 10 * tried + 5 : null,
    expiresAt: null,
    progress: tried > 1 ? { percent: 40, message: 'some way' } : null,
    attempts: Array.from({ length: tried }, (_, before) => ({
      attempt: before + 1,
      worker: `worker-${index % 3}`,
      startedAt: createdAt + 10 * (before + 1),
      finishedAt: createdAt + 10 * (before + 1) + 5,
      outcome: before + 1 === tried && state === 'failed' ? 'failed' : before === 0 && tried === 3 ? 'lost' : 'retried',
      error: {
        name: 'TypeError',
        message: `broken ${index}\u0000`,
        stack: `TypeError: broken\n    at work (file.ts:${before})`,
      },
    })),
    logs: Array.from({ length: tried }, (_, before) => ({
      at: createdAt + before,
      attempt: before + 1,
      message: `line ${before}`,
    })),
  };
}
