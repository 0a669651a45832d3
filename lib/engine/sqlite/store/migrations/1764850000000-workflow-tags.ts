import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tags of workflows, by which they are listed. Until now they were in the workflow's row alone. */
export class WorkflowTags1764850000000 implements MigrationInterface {
  readonly name = 'WorkflowTags1764850000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE IF NOT EXISTS tasks_workflow_tag (
         tag      TEXT    NOT NULL,
         value    TEXT    NOT NULL,
         workflow INTEGER NOT NULL,
         PRIMARY KEY (tag, value, workflow)
       ) WITHOUT ROWID`,
    );
    await runner.query(`CREATE INDEX IF NOT EXISTS tasks_workflow_tag_workflow ON tasks_workflow_tag (workflow)`);
    await runner.query(
      `INSERT OR IGNORE INTO tasks_workflow_tag (tag, value, workflow)
       SELECT said.key, said.atom, seq FROM tasks_workflow, json_each(tags) AS said
        WHERE json_valid(tags) AND said.type = 'text'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE IF EXISTS tasks_workflow_tag`);
  }
}
