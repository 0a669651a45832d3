import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeOnFailed } from './on-failed.suite.js';

describeOnFailed('in memory', async () => ({ database: ':memory:' }));
describeOnFailed('in a file', async () => ({ database: join(tempDirectory(), 'tasks.db') }));
