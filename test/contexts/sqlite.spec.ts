import { join } from 'node:path';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import { tempDirectory } from '../module/support.js';
import { describeBystanders } from './bystanders.suite.js';
import { describeCarriedContext, describeWrongContexts } from './carried.suite.js';
import { describeContexts } from './contexts.suite.js';

const inMemory = async (): Promise<TasksModuleRootOptions> => ({ database: ':memory:' });
const inAFile = async (): Promise<TasksModuleRootOptions> => ({ database: join(tempDirectory(), 'tasks.db') });

describeContexts('in memory', inMemory);
describeContexts('in a file', inAFile);
describeCarriedContext('in memory', inMemory);
describeCarriedContext('in a file', inAFile);
describeWrongContexts(inMemory);
describeBystanders('in memory', inMemory);
describeBystanders('in a file', inAFile);
