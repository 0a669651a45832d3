import type { EngineContext } from '../../port/index.js';
import { Admission } from './admission.js';
import { FlowEnding, type FlowEndingParts } from './flow-ending.js';
import { FlowKeeper, type FlowKeeperParts } from './flow-keeper.js';
import { FlowLog } from './flow-log.js';
import { FlowReader, type FlowReaderParts } from './flow-reader.js';

/** What works on workflows while the store is open. */
export interface Flows {
  readonly admission: Admission;
  readonly reader: FlowReader;
  readonly ending: FlowEnding;
  readonly keeper: FlowKeeper;
}

export type FlowsParts = Omit<FlowReaderParts & FlowEndingParts & FlowKeeperParts, keyof Flows | 'log'>;

export function flowsOn(parts: FlowsParts, context: Pick<EngineContext, 'keepFor'>): Flows {
  const { set, cancelled } = parts;
  const log = new FlowLog(set);
  const admission = new Admission(set, log, cancelled);
  const reader = new FlowReader({ ...parts, log });
  const ending = new FlowEnding({ ...parts, log, reader, admission });
  const keeper = new FlowKeeper(context, { ...parts, reader, ending });
  return { admission, reader, ending, keeper };
}
