import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dataSourceOf } from '../engine/common/index.js';
import { isMysql, OUTBOX_TABLE, outboxPath } from './outbox-table.js';

/** Creates the table of the outbox, in whichever database the app has. */
export class CreateTasksOutbox1764000000000 implements MigrationInterface {
  readonly name = 'CreateTasksOutbox1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const { type } = dataSourceOf(queryRunner).options;
    // MySQL's "text" ends at 64 KiB, below what params may take.
    const text = type === 'mysql' || type === 'mariadb' ? 'longtext' : 'text';
    const position = type === 'better-sqlite3' ? 'integer' : 'bigint';
    if (await queryRunner.hasTable(OUTBOX_TABLE)) return;
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

/** Says whose each row is, where several stores have their outbox in one database, and has a place for what is wrong with one. */
export class OwnTasksOutbox1764500000000 implements MigrationInterface {
  readonly name = 'OwnTasksOutbox1764500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const dataSource = dataSourceOf(queryRunner);
    for (const column of ['store', 'problem']) {
      if (await queryRunner.hasColumn(OUTBOX_TABLE, column)) continue;
      const type = column === 'store' ? 'varchar(255)' : 'text';
      // The rows of an earlier version are nobody's: whoever comes first hands them over, as it was.
      await queryRunner.query(
        `ALTER TABLE ${outboxPath(dataSource)} ADD COLUMN ${dataSource.driver.escape(column)} ${type}`,
      );
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const dataSource = dataSourceOf(queryRunner);
    for (const column of ['store', 'problem']) {
      await queryRunner.query(`ALTER TABLE ${outboxPath(dataSource)} DROP COLUMN ${dataSource.driver.escape(column)}`);
    }
  }
}

/** Has a place for the task that enqueued another, for what few tasks have, and for ids of an app's own. */
export class TraitsOfTasksOutbox1764700000000 implements MigrationInterface {
  readonly name = 'TraitsOfTasksOutbox1764700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const dataSource = dataSourceOf(queryRunner);
    const path = outboxPath(dataSource);
    const id = dataSource.driver.escape('id');
    const { type } = dataSource.options;
    // SQLite does not hold a text to a length.
    if (type === 'postgres') await queryRunner.query(`ALTER TABLE ${path} ALTER COLUMN ${id} TYPE varchar(255)`);
    if (type === 'mysql' || type === 'mariadb') {
      await queryRunner.query(`ALTER TABLE ${path} MODIFY ${id} varchar(255) NOT NULL`);
    }
    for (const [column, columnType] of [
      ['parent_id', 'varchar(255)'],
      ['traits', type === 'mysql' || type === 'mariadb' ? 'longtext' : 'text'],
    ] as const) {
      if (await queryRunner.hasColumn(OUTBOX_TABLE, column)) continue;
      await queryRunner.query(`ALTER TABLE ${path} ADD COLUMN ${dataSource.driver.escape(column)} ${columnType}`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const dataSource = dataSourceOf(queryRunner);
    for (const column of ['parent_id', 'traits']) {
      await queryRunner.query(`ALTER TABLE ${outboxPath(dataSource)} DROP COLUMN ${dataSource.driver.escape(column)}`);
    }
  }
}

const CHARACTERS = 'utf8mb4';
/** Tells "Mail" from "mail", as everywhere else. */
const COLLATION = 'utf8mb4_bin';

/** Whether the table holds every character there is, and tells all of them apart. */
export async function holdsAllCharacters(queryRunner: QueryRunner): Promise<boolean> {
  if (!isMysql(dataSourceOf(queryRunner))) return true;
  const others: unknown[] = await queryRunner.query(
    'SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND collation_name <> ?',
    [OUTBOX_TABLE, COLLATION],
  );
  return others.length === 0;
}

/** Has the table hold every character, whatever MySQL's database has for new tables: names may have any, and ids too. */
export class CharactersOfTasksOutbox1764800000000 implements MigrationInterface {
  readonly name = 'CharactersOfTasksOutbox1764800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    if (await holdsAllCharacters(queryRunner)) return;
    await queryRunner.query(
      `ALTER TABLE ${outboxPath(dataSourceOf(queryRunner))} CONVERT TO CHARACTER SET ${CHARACTERS} COLLATE ${COLLATION}`,
    );
  }

  /** What it was, no longer stands anywhere; the earlier version works with it. */
  async down(): Promise<void> {}
}

/** To be listed in the `migrations` of the app's DataSource, where the library shall not create its table itself. */
export const outboxMigrations = [
  CreateTasksOutbox1764000000000,
  OwnTasksOutbox1764500000000,
  TraitsOfTasksOutbox1764700000000,
  CharactersOfTasksOutbox1764800000000,
];
