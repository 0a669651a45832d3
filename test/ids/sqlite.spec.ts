import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeOwnIds } from './own-ids.suite.js';

describeOwnIds('in a file', async () => ({
  storesWithCompletion: true,
  store: async () => ({ database: join(tempDirectory(), 'tasks.db') }),
}));

describeOwnIds("in a file, in the app's thread", async () => ({
  storesWithCompletion: true,
  store: async () => ({ database: join(tempDirectory(), 'tasks.db'), thread: false }),
}));
