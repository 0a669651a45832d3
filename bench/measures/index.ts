import type { Measure } from '../measure.js';
import { bulk } from './bulk.js';
import { drains } from './drain.js';
import { enqueue } from './enqueue.js';
import { transaction } from './transaction.js';

/** In the order of the report. */
export const MEASURES: readonly Measure[] = [enqueue, bulk, transaction, ...drains];
