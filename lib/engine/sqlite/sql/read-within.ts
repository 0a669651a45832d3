import type { EntityManager } from 'typeorm';
import type { Task } from '../../../contract/index.js';
import { dataSourceOf } from '../../common/index.js';
import type { NewTask } from '../../port/index.js';
import { databaseOf } from '../store/app-data-source.js';
import { storeError } from '../store/sqlite-errors.js';
import { type Mask, readTask } from './read-tasks.js';

/** Tasks by their ids as the caller's transaction sees them, on the caller's connection; null for each that is not there. */
export function readWithin(
  manager: EntityManager,
  tasks: ReadonlyArray<Pick<NewTask, 'id'>>,
  mask: Mask,
  now: number,
): Array<Task | null> {
  const database = databaseOf(dataSourceOf(manager));
  try {
    return tasks.map(({ id }) => readTask(database, id, mask, now));
  } catch (error) {
    throw storeError(error, 'The task was not read in the given transaction');
  }
}
