import { ForeignManagerError } from '../../contract/index.js';

/** A transaction cannot span the app's database and the server that the tasks are on. */
export function foreignManager(): ForeignManagerError {
  return new ForeignManagerError(
    '"manager" belongs to another database than the tasks, which are on a server: they cannot commit together. Have ' +
      "an outbox in the manager's database, which hands tasks over when it has committed: " +
      'TasksModule.forRoot({ outbox: { dataSource: \'default\' } }). Or leave "manager" out.',
  );
}
