import { describeModel } from './model.suite.js';
import { sqliteSite } from './sqlite-site.js';

describeModel('SQLite', sqliteSite);
