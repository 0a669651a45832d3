import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeDeploys } from './deploys.suite.js';

describeDeploys('in a file', async () => {
  return { database: join(tempDirectory(), 'tasks.db') };
});
