import { dropPostgresDatabase } from '../support/servers/postgres-database.js';
import { describeWith } from '../support/servers/find-program.js';
import { SharedPostgres } from '../support/servers/shared-postgres.js';
import { describeLargeTasks } from './large-tasks.suite.js';

describeWith('postgres', 'BullMQ on PostgreSQL', () => {
  describeLargeTasks(async () => {
    const server = await SharedPostgres.join();
    const postgres = await server.createDatabase();
    return { store: { postgres }, remove: () => dropPostgresDatabase(postgres) };
  });
});
