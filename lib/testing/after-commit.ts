import type { EntityManager, QueryRunner } from 'typeorm';
import { queueMicrotask } from '../clock/index.js';
import { dataSourceOf } from '../engine/common/index.js';

/** The end of a transaction, as TypeORM tells of it. */
interface TransactionEnd {
  readonly queryRunner: QueryRunner;
}

/** TypeORM's own counter of the savepoints that a transaction is within; 1: of none. */
type WithDepth = QueryRunner & { readonly transactionDepth: number };

/**
 * Does something when the transaction commits that a manager is in, before the commit resolves; nothing where it, or the
 * savepoint that it is within, is rolled back.
 */
export function afterCommit(manager: EntityManager, action: () => Promise<void>): void {
  const runner = manager.queryRunner as WithDepth;
  const { subscribers } = dataSourceOf(manager);
  let depth = runner.transactionDepth;
  let done = false;
  const isOver = ({ queryRunner }: TransactionEnd): boolean =>
    !done && queryRunner === runner && runner.transactionDepth < depth;
  const listener = {
    async afterTransactionCommit(end: TransactionEnd): Promise<void> {
      if (!isOver(end)) return;
      // The savepoint is part of what is around it.
      depth = runner.transactionDepth;
      if (runner.isTransactionActive) return;
      stop();
      await action();
    },
    afterTransactionRollback(end: TransactionEnd): void {
      if (isOver(end)) stop();
    },
  };
  const stop = (): void => {
    done = true;
    // TypeORM is going through the list.
    queueMicrotask(() => subscribers.splice(subscribers.indexOf(listener), 1));
  };
  subscribers.push(listener);
}
