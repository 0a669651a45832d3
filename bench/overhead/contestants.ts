import { openLibrary } from './library.js';
import { openFull, openPlain } from './plain.js';
import type { Side, SideOptions } from './side.js';

export interface Contestant {
  readonly title: string;
  readonly validated: boolean;
  readonly open: (options: SideOptions) => Promise<Side>;
}

/**
 * In this order: BullMQ as it is; BullMQ asked for what the library always asks for (priorities, ids that tell a
 * repetition, counts by the minute) and the library; the two again with params checked by class-validator at both ends.
 */
export const CONTESTANTS: readonly Contestant[] = [
  { title: 'plain BullMQ', validated: false, open: openPlain },
  { title: 'BullMQ, same features', validated: false, open: openFull },
  { title: 'nestjs-tasks', validated: false, open: openLibrary },
  { title: 'BullMQ, same features, validated', validated: true, open: openFull },
  { title: 'nestjs-tasks, validated', validated: true, open: openLibrary },
];
