import type { Asked } from './ledger.js';
import { type ChaosTasks, QUEUE_OF, type Queue, TICK } from './process/setup.js';

/** How a task must come to its end. `retried`: attempts that fail and are followed by another. */
export interface Expected {
  readonly state: 'completed' | 'failed';
  readonly retried: number;
  /** It ends every process that runs it. */
  readonly poison?: boolean;
}

const COMPLETES: Expected = { state: 'completed', retried: 0 };

/** Told by what was asked for alone, so that it holds for a task whose caller was killed, too. */
export function expectedOf({ name, params }: Pick<Asked, 'name' | 'params'>): Expected {
  if (name === 'poison') return { state: 'failed', retried: 0, poison: true };
  if (name !== 'fail') return COMPLETES;
  const { failures, retries } = JSON.parse(params) as ChaosTasks['fail'];
  return { state: failures > retries ? 'failed' : 'completed', retried: Math.min(failures, retries) };
}

/** Queue of the tasks of this name. */
export function queueOf(name: string): Queue {
  return name === TICK ? 'fast' : QUEUE_OF[name as keyof ChaosTasks];
}
