import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeContexts } from './contexts.suite.js';

describeContexts('in memory', async () => ({ database: ':memory:' }));

describeContexts('in a file', async () => {
  return { database: join(tempDirectory(), 'tasks.db') };
});
