import { askFor } from '../run/ask-for.js';
import { createMariadbDatabase } from './mariadb-database.js';

/** How TypeORM reaches a database on it. */
export interface MariadbOptions {
  readonly type: 'mariadb';
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly database: string;
  readonly charset: string;
}

/** The MariaDB of the run, for specs that keep to databases of their own. What they make goes with the server. */
export class SharedMariadb {
  private constructor(private readonly port: number) {}

  static async join(): Promise<SharedMariadb> {
    return new SharedMariadb((await askFor('mariadb')).port);
  }

  /** Makes an empty database. */
  async createDatabase(): Promise<MariadbOptions> {
    const database = await createMariadbDatabase(this.port);
    return { type: 'mariadb', host: '127.0.0.1', port: this.port, username: 'root', database, charset: 'utf8mb4' };
  }
}
