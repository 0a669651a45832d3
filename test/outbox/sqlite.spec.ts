import { join } from 'node:path';
import { describeOutbox } from './outbox.suite.js';

describeOutbox('a SQLite file', async (folder) => ({ type: 'better-sqlite3', database: join(folder, 'app.db') }));
