import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeSteps } from './steps.suite.js';

describeSteps('on SQLite', async () => ({ database: join(tempDirectory(), 'tasks.db') }));
