import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeAlerts } from './alerts.suite.js';

describeAlerts('in a file', async () => ({ database: join(tempDirectory(), 'tasks.db') }));
