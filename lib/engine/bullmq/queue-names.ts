import type { BullmqOptions } from './bullmq-options.js';

/** The library's own queue: what it notes of the store, and the ticks of schedules. */
export const OWN_QUEUE = 'nestjs-tasks';
/** BullMQ has no state for a task that was cancelled: those of a queue wait in a queue of their own that nobody works on. */
export const CANCELLED_SUFFIX = '~cancelled';
/** Beside the own queue, a queue that nobody works on: its one job has the audit record for its log. */
export const AUDIT_QUEUE = `${OWN_QUEUE}~audit`;

/** Beside the own queue: a job for each task that has a time by which it must have started or ended. */
export const LAPSE_QUEUE = `${OWN_QUEUE}~lapses`;

/** Beside the own queue: a job for each workflow, which waits for the tasks of that. */
export const FLOW_QUEUE = `${OWN_QUEUE}~workflows`;

/**
 * PostgreSQL cuts the name of a connection after 63 characters. BullMQ puts the queue in front of `:w:` and the worker's
 * id of 12 characters, by which it is told who works on the store.
 */
const MAX_LENGTH_ON_POSTGRES = 63 - ':w:'.length - 12;

/**
 * What keeps BullMQ from having a queue of the app under this name, and what would be right, worded to follow the name;
 * null where nothing does.
 */
export function impossibleName(name: string): string | null {
  if (name.includes(':')) {
    const right = name.replaceAll(/:+/g, '-').replaceAll(/^-|-$/g, '');
    return `has a ":", by which BullMQ separates the parts of its keys. Name it ${right ? `"${right}"` : 'without one'}`;
  }
  return name === OWN_QUEUE
    ? `is the queue in which the library keeps its own notes. Name it "${OWN_QUEUE}-app"`
    : null;
}

/** As {@link impossibleName}, and what keeps a queue from being worked on: one that is there all the same can be read. */
export function queueNameProblem(name: string, { postgres }: Pick<BullmqOptions, 'postgres'>): string | null {
  const impossible = impossibleName(name);
  if (impossible !== null || postgres === undefined || name.length <= MAX_LENGTH_ON_POSTGRES) return impossible;
  return (
    `has ${name.length} characters, and on PostgreSQL a queue of BullMQ can have ${MAX_LENGTH_ON_POSTGRES}: with more, its ` +
    'workers cannot be told apart. Give it a shorter name'
  );
}

/** The same for a queue of other code that is to be shown. */
export function shownNameProblem(name: string): string | null {
  if (name.includes(':')) return 'has a ":", which no queue of BullMQ can have';
  const isOwn = name === OWN_QUEUE || name.startsWith(`${OWN_QUEUE}~`) || name.endsWith(CANCELLED_SUFFIX);
  return isOwn ? "is one of the library's own, and not of other code" : null;
}
