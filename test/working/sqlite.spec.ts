import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeWorkers } from './workers.suite.js';

describeWorkers('in a file', async () => ({ database: join(tempDirectory(), 'tasks.db') }));

describeWorkers("in a file, in the app's thread", async () => ({
  database: join(tempDirectory(), 'tasks.db'),
  thread: false,
}));
