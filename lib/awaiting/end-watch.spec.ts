import { describe, expect, it, vi } from 'vitest';
import { StoreError, type TaskState } from '../contract/index.js';
import type { AwaitedTask, AwaitedTasks, EngineChange } from '../engine/port/index.js';
import { EndWatch } from './end-watch.js';

function standing(id: string, state: TaskState): AwaitedTask {
  return { id, queue: 'default', name: 'work', state, error: null, result: null };
}

/** A store of which a test says how its tasks stand. */
function setUp(patience?: number) {
  const states = new Map<string, TaskState>();
  const listeners = new Set<(change: EngineChange) => void>();
  const awaited = vi.fn(async (ids: readonly string[]): Promise<AwaitedTasks> => ({
    tasks: ids.flatMap((id) => (states.has(id) ? [standing(id, states.get(id)!)] : [])),
    looked: ids.length,
  }));
  const watching = {
    watch: vi.fn((listener: (change: EngineChange) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    }),
  };
  const watch = new EndWatch({ inspecting: { awaited }, watching } as never, patience);
  const wait = (id: string): Promise<TaskState> =>
    new Promise((resolve, reject) => {
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          watch.remove(waiter);
          settle(value);
        };
      const waiter = {
        id,
        look: () => undefined,
        end: done((task: AwaitedTask) => resolve(task.state)),
        fail: done(reject),
      };
      watch.add(waiter);
    });
  const tell = (change: Partial<EngineChange>): void => {
    for (const listener of listeners) listener({ queue: null, taskIds: [], ...change });
  };
  return { states, listeners, awaited, watching, watch, wait, tell };
}

describe('EndWatch', () => {
  it('sees an end before the watch, before the first look, and after it', async () => {
    const { states, wait, tell, awaited, listeners } = setUp();
    states.set('before', 'completed').set('between', 'running').set('after', 'running');
    const waits = ['before', 'between', 'after'].map(wait);
    states.set('between', 'failed');
    expect(await waits[0]).toBe('completed');
    expect(await waits[1]).toBe('failed');
    expect(awaited).toHaveBeenCalledTimes(1);
    states.set('after', 'cancelled');
    tell({ taskIds: ['another', 'after'] });
    expect(await waits[2]).toBe('cancelled');
    expect(awaited.mock.calls[1]).toEqual([['after']]);
    expect(listeners.size).toBe(0);
  });

  it('looks at all where nobody says which changed, and by itself', async () => {
    const { states, wait, tell, awaited } = setUp();
    states.set('a', 'running').set('b', 'running');
    const waits = [wait('a'), wait('b')];
    await vi.waitFor(() => expect(awaited).toHaveBeenCalledTimes(1), 25_000);
    states.set('a', 'completed');
    tell({ queue: 'default' });
    expect(await waits[0]).toBe('completed');
    states.set('b', 'completed');
    expect(await waits[1]).toBe('completed');
  });

  it('goes on with the ids that a store did not look at', async () => {
    const { states, wait, awaited } = setUp();
    awaited.mockImplementation(async ([id]) => ({ tasks: [standing(id!, states.get(id!)!)], looked: 1 }));
    const ids = ['a', 'b', 'c'];
    for (const id of ids) states.set(id, 'completed');
    expect(await Promise.all(ids.map(wait))).toEqual(['completed', 'completed', 'completed']);
    expect(awaited).toHaveBeenCalledTimes(3);
  });

  it('takes a task for gone when it was missing twice', async () => {
    const { states, wait, awaited } = setUp();
    awaited.mockResolvedValueOnce({ tasks: [], looked: 1 });
    states.set('moving', 'completed');
    expect(await wait('moving')).toBe('completed');
    await expect(wait('gone')).rejects.toMatchObject({ name: 'TaskNotFoundError', taskId: 'gone' });
  });

  it('asks a store again that does not answer, and in the end tells all who wait', async () => {
    const { states, wait, awaited } = setUp(200);
    states.set('a', 'completed');
    awaited.mockRejectedValueOnce(new Error('the line is cut'));
    expect(await wait('a')).toBe('completed');
    awaited.mockRejectedValue(new Error('the line is cut'));
    const ends = await Promise.allSettled(['a', 'b'].map(wait));
    for (const end of ends as PromiseRejectedResult[]) {
      expect(end.reason).toBeInstanceOf(StoreError);
      expect((end.reason as Error).message).toMatch(/task "[ab]" is no longer .* does not answer: the line is cut/);
    }
  });
});
