import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeAttempts } from './attempts.suite.js';

describeAttempts('on SQLite', async () => ({ database: join(tempDirectory(), 'tasks.db') }));
