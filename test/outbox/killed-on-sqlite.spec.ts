import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { describeKills } from './killed.suite.js';

const database = async (folder: string): Promise<DataSourceOptions> => ({
  type: 'better-sqlite3',
  database: join(folder, 'app.db'),
});

describeKills('a SQLite file', database);
