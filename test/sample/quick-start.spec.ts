import { describeQuickStart } from './quick-start.suite.js';

describeQuickStart('SQLite', async () => '');
