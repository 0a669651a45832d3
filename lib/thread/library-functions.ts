import { uuidv7 } from 'uuidv7';
import { nextRun } from '../cron/index.js';
import type { EngineContext } from '../engine/port/index.js';
import { maskSensitive } from '../params/index.js';

/** What an engine asks of the library, in whichever thread it runs. */
export const LIBRARY_FUNCTIONS: Pick<EngineContext, 'nextRun' | 'mask' | 'newId'> = {
  nextRun,
  mask: maskSensitive,
  newId: uuidv7,
};
