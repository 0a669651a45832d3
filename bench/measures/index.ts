import type { Measure } from '../measure.js';
import { bulk } from './bulk.js';
import { delayed } from './delayed.js';
import { drains } from './drain.js';
import { due } from './due.js';
import { enqueue } from './enqueue.js';
import { growth } from './growth.js';
import { http } from './http.js';
import { million } from './million.js';
import { pickUp } from './pick-up.js';
import { processes } from './processes.js';
import { thread } from './thread.js';
import { transaction } from './transaction.js';

/** In the order of the report. */
export const MEASURES: readonly Measure[] = [
  enqueue,
  bulk,
  transaction,
  ...drains,
  thread,
  pickUp,
  delayed,
  http,
  million,
  processes,
  growth,
  due,
];
