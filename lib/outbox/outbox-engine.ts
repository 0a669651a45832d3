import { ForeignManagerError } from '../errors/index.js';
import type { TaskEngine } from '../engine/index.js';
import type { Outbox } from './outbox.js';

type OutboxMethods = Required<Pick<TaskEngine, 'open' | 'close' | 'enqueue' | 'outbox'>>;

/**
 * An engine that takes tasks in transactions of another database too, through an outbox there.
 *
 * A proxy, so that whatever else the port has is the engine's own.
 */
export function outboxEngine(engine: TaskEngine, box: Outbox): TaskEngine {
  const own: OutboxMethods = {
    async open() {
      await engine.open();
      try {
        await box.open();
      } catch (error) {
        await engine.close();
        throw error;
      }
    },

    async close() {
      await box.close();
      await engine.close();
    },

    async enqueue(tasks, within) {
      if (!within || !box.owns(within)) return engine.enqueue(tasks, within);
      // A manager that has no transaction open has nothing to commit together with.
      if (!within.queryRunner?.isTransactionActive) return engine.enqueue(tasks);
      try {
        // Tasks that live in the app's own database need no way round.
        await engine.enqueue(tasks, within);
      } catch (error) {
        if (!(error instanceof ForeignManagerError)) throw error;
        await box.add(within, tasks);
      }
    },

    outbox: () => box.waiting(),
  };
  return new Proxy(engine, {
    get(target, key): unknown {
      if (Object.hasOwn(own, key)) return own[key as keyof OutboxMethods];
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
