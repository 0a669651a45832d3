import { describeQuickStart } from './quick-start.suite.js';

describeQuickStart('SQLite', async () => ({ url: '', remove: async () => undefined }));
