import { shownValue } from '../../checks/index.js';
import { DEFAULT_STORE, listOf, nearest, TasksConfigError } from '../../contract/index.js';

/** The stores of this process, seen from one of them: which handlers are whose. */
export class Stores {
  /**
   * @param mine name of the store that asks
   * @param names of every store in the process
   */
  constructor(
    readonly mine: string,
    readonly names: readonly string[],
  ) {}

  /**
   * Whether a handler or cron method that names `store` (or none) works for this store. One that names none works for
   * the only store there is, or for `default` where there are several.
   *
   * @param location class and method, for the error
   * @throws TasksConfigError when there is no such store
   */
  isMine(store: string | undefined, location: string): boolean {
    if (store !== undefined && typeof store !== 'string') {
      throw new TasksConfigError(`${location}: "store" must be the name of a store, not ${shownValue(store)}.`);
    }
    const wanted = store ?? (this.names.length === 1 ? this.mine : DEFAULT_STORE);
    if (this.names.includes(wanted)) return wanted === this.mine;
    if (store === undefined) {
      throw new TasksConfigError(
        `${location} names no store, and none of the stores ${listOf(this.names)} is "${DEFAULT_STORE}". ` +
          'Add the option "store" to its decorator.',
      );
    }
    const near = nearest(store, this.names);
    throw new TasksConfigError(
      `${location} belongs to the store "${store}", which no TasksModule of this process has.` +
        `${near ? ` Did you mean "${near}"?` : ''} Stores: ${listOf(this.names)}.`,
    );
  }
}
