import { join } from 'node:path';
import { tempDirectory } from '../module/support.js';
import { describeOddTexts } from './odd-texts.suite.js';

describeOddTexts('SQLite', async () => ({
  store: async () => ({ database: join(tempDirectory(), 'tasks.db') }),
  remove: async () => undefined,
}));
