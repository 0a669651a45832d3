import type { DataSource, EntityManager, QueryRunner } from 'typeorm';

/** The DataSource that a manager or a runner belongs to, which TypeORM 1 calls `dataSource` and 0.3 `connection`. */
export function dataSourceOf(owner: EntityManager | QueryRunner): DataSource {
  const { dataSource } = owner as { readonly dataSource?: DataSource };
  return dataSource ?? (owner as unknown as { readonly connection: DataSource }).connection;
}
