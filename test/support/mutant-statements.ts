import Database from 'better-sqlite3';
import { vi } from 'vitest';
import { type Alteration, alteredStatements } from './alterations.js';

/** Has engines of this process prepare the altered statements in place of the original ones, until `vi.restoreAllMocks()`. */
export function alterer(alterations: readonly Alteration[]): () => void {
  const altered = alteredStatements(alterations);
  return () => {
    const { prototype } = Database as unknown as { prototype: Database.Database };
    const prepare = prototype.prepare as (this: Database.Database, sql: string) => Database.Statement;
    vi.spyOn(prototype, 'prepare').mockImplementation(function (this: Database.Database, sql: string) {
      return prepare.call(this, altered.get(sql) ?? sql);
    });
  };
}
