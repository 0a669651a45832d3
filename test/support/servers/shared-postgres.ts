import { askFor } from '../run/ask-for.js';
import { createPostgresDatabase, dropPostgresDatabase } from './postgres-database.js';

/**
 * The PostgreSQL of the run, for specs that keep to databases of their own and leave the server as it is. What they make
 * goes with the server.
 */
export class SharedPostgres {
  private first: Promise<string> | undefined;
  private readonly made: string[] = [];

  private constructor(
    readonly port: number,
    private readonly prepare: ((url: string) => Promise<void>) | undefined,
  ) {}

  /** @param prepare does to an empty database what each one begins with; it is done once, and copied */
  static async join(prepare?: (url: string) => Promise<void>): Promise<SharedPostgres> {
    return new SharedPostgres((await askFor('postgres')).port, prepare);
  }

  /** Makes a database, empty but for what it begins with, and resolves to its URL. */
  async createDatabase(): Promise<string> {
    if (this.prepare) this.first ??= this.createFirst(this.prepare);
    const url = await createPostgresDatabase(this.port, await this.first);
    this.made.push(url);
    return url;
  }

  /** Removes what was made here before the server goes; to remove many takes longer than to leave them to it. */
  async leave(): Promise<void> {
    for (const url of this.made.splice(0)) await dropPostgresDatabase(url);
  }

  private async createFirst(prepare: (url: string) => Promise<void>): Promise<string> {
    const url = await createPostgresDatabase(this.port);
    await prepare(url);
    return url;
  }
}
