import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { OUTBOX_TABLE } from './outbox-table.js';

/** Creates the table of the outbox, in whichever database the app has. */
export class CreateTasksOutbox1764000000000 implements MigrationInterface {
  readonly name = 'CreateTasksOutbox1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const { type } = queryRunner.dataSource.options;
    // MySQL's "text" ends at 64 KiB, below what params may take.
    const text = type === 'mysql' || type === 'mariadb' ? 'longtext' : 'text';
    const position = type === 'better-sqlite3' ? 'integer' : 'bigint';
    await queryRunner.createTable(
      new Table({
        name: OUTBOX_TABLE,
        columns: [
          { name: 'position', type: position, isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
          { name: 'id', type: 'varchar', length: '64' },
          { name: 'queue', type: 'varchar', length: '255' },
          { name: 'name', type: 'varchar', length: '255' },
          { name: 'params', type: text },
          { name: 'priority', type: 'integer' },
          { name: 'run_at', type: 'bigint' },
          { name: 'created_at', type: 'bigint' },
          { name: 'max_attempts', type: 'integer', isNullable: true },
          { name: 'settings', type: text, isNullable: true },
          { name: 'sensitive', type: text },
        ],
      }),
      true,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable(OUTBOX_TABLE, true);
  }
}

/** To be listed in the `migrations` of the app's DataSource, where the library shall not create its table itself. */
export const outboxMigrations = [CreateTasksOutbox1764000000000];
