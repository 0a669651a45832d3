import type { TaskDispatcher } from '../../../lib/queueing/index.js';
import type { TasksModuleRootOptions } from '../../../lib/config/index.js';
import type { ProcessSetup } from '../process/setup.js';
import type { StoredTask } from '../history.js';

/** The store that the processes of a round share. */
export interface ChaosStore {
  /** Of the TasksModule in every process. */
  readonly options: TasksModuleRootOptions;
  readonly app: ProcessSetup['app'];
  /** Whether tasks come due by the clock of their process, which can then be moved. */
  readonly movesClocks: boolean;
  /** Whether it is reached over a line, on which an answer may be lost. */
  readonly isRemote: boolean;
  /** Whether ended tasks are deleted when their retention is over, and not at some later end of another. */
  readonly deletesInTime: boolean;
  /** So many attempts in a row that end with their process, and a task fails. */
  readonly maxLostAttempts: number;
  /** How many rows of transactions have not been handed over to the store. */
  waitingInOutbox(): number;
  /** Every task, once no process works on it any more. */
  readAll(tasks: TaskDispatcher): Promise<StoredTask[]>;
  /** What is wrong with the store itself, in sentences. */
  problems(): Promise<string[]>;
  remove(): Promise<void>;
}
