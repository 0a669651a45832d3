import type { Database } from '../store/database.js';
import { statement } from '../store/statement.js';
import type { Transaction } from '../store/transaction.js';

export const SECRET = `SELECT value FROM tasks_secret WHERE name = ?`;
const ALL_SECRETS = `SELECT name, value FROM tasks_secret`;
const INSERT_SECRET = `INSERT INTO tasks_secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`;

export function readSecret(database: Database, name: string): string | undefined {
  return statement<[string], { readonly value: string }>(database, SECRET).get(name)?.value;
}

export function allSecrets(database: Database): ReadonlyMap<string, string> {
  const rows = statement<[], { readonly name: string; readonly value: string }>(database, ALL_SECRETS).all();
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** Stores the secret unless another process was first. @returns the one that is stored */
export function storeSecret(transaction: Transaction, name: string, value: string): string {
  statement<[string, string]>(transaction.database, INSERT_SECRET).run(name, value);
  return readSecret(transaction.database, name)!;
}
