import { afterEach, describe, expect, it, vi } from 'vitest';
import { commands } from './commands.js';
import { Disagreement } from './disagreement.js';
import { FIND_TIMEOUT_MS, findFault } from './find-fault.js';
import { describeModel, runHistory, type History } from './model.suite.js';
import { MUTANTS } from './mutants.js';
import { sqliteSite } from './sqlite-site.js';

describeModel('SQLite', sqliteSite);

describe('the model finds an engine that', () => {
  afterEach(() => vi.restoreAllMocks());

  for (const { name, createSite } of MUTANTS) {
    it(
      name,
      async () => {
        const found = await findFault(commands('injected'), {
          faulty: (history: History, patience) => runHistory(createSite, history, { patience }),
          sound: (history: History, patience) => runHistory(sqliteSite, history, { patience }),
        });
        expect(found).toBeInstanceOf(Disagreement);
      },
      FIND_TIMEOUT_MS,
    );
  }
});
