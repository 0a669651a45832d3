import { createHash } from 'node:crypto';
import type { TaskError } from './task.js';

/** Failed tasks that are looked at to group them: the newest. */
export const MOST_FAILURES_LOOKED_AT = 10_000;
/** Groups that a report lists: the most frequent. */
export const MOST_GROUPS_LISTED = 500;
/** Characters of a message that decide what it is alike with; an engine need not read more of it. */
export const GROUPED_MESSAGE_LENGTH = 1_000;
const PATTERN_LENGTH = 300;

const HOUR_MS = 60 * 60 * 1_000;
const POINTS = 24;

/** A task that failed, as far as grouping goes. */
export interface Failure {
  readonly id: string;
  readonly queue: string;
  /** Of the task. */
  readonly name: string;
  readonly error: Pick<TaskError, 'name' | 'message'>;
  /** When it failed. */
  readonly at: number;
}

/** Failed tasks of one name, whose errors are of one name and have messages that are alike. */
export interface FailureGroup {
  /** What {@link failureKey} gives for each of them; a filter takes it. */
  readonly key: string;
  /** Of the tasks. */
  readonly name: string;
  /** The message with `…` where it varies. */
  readonly error: Pick<TaskError, 'name' | 'message'>;
  readonly queues: readonly string[];
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The task that failed last. */
  readonly sampleId: string;
  /** Failures in each of the last 24 hours of the clock; the last one is the current hour. */
  readonly points: readonly number[];
}

export interface FailureReport {
  /** The most frequent first. */
  readonly items: readonly FailureGroup[];
  /** How many failed tasks were looked at. */
  readonly looked: number;
  /** False where there were more. */
  readonly complete: boolean;
}

/**
 * What varies between messages that mean the same, each with what stands for it. Quotes come first: they may hold the
 * rest. Numbers and ids look alike afterwards, as an id may happen to have no letter.
 */
const VARIABLE: ReadonlyArray<readonly [RegExp, string]> = [
  [/"[^"]*"|`[^`]*`|“[^”]*”|«[^»]*»|(?<!\w)'[^']*'(?!\w)/g, '"…"'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '…'],
  [/\b0x[0-9a-f]+\b/gi, '…'],
  // Letters and digits that no word mixes: hashes, object ids, tokens.
  [/\b(?=[a-z_-]*\d)(?=[\d_-]*[a-z])[\w-]{12,}\b/gi, '…'],
  [/\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, '…'],
  [/\d+(?:[.,]\d+)*/g, '…'],
  [/\s+/g, ' '],
];

/** A message without what varies from one failure to the next. */
export function messagePattern(message: string): string {
  let text = message.slice(0, GROUPED_MESSAGE_LENGTH);
  for (const [pattern, replacement] of VARIABLE) text = text.replace(pattern, replacement);
  return text.trim().slice(0, PATTERN_LENGTH);
}

/**
 * Names the group that a failure belongs to: the same for ever and in every process.
 * @param name of the task
 */
export function failureKey(name: string, error: Failure['error']): string {
  return keyOf(name, error.name, messagePattern(error.message));
}

function keyOf(name: string, errorName: string, pattern: string): string {
  return createHash('sha256')
    .update(JSON.stringify([name, errorName, pattern]))
    .digest('base64url')
    .slice(0, 16);
}

interface Gathered {
  readonly name: string;
  readonly error: Failure['error'];
  readonly queues: Set<string>;
  readonly points: number[];
  count: number;
  firstAt: number;
  lastAt: number;
  sampleId: string;
}

/** Gathers failures, in any order. */
export class FailureGroups {
  private readonly groups = new Map<string, Gathered>();
  /** Most failures repeat a message word for word. */
  private readonly patterns = new Map<string, string>();
  private readonly currentHour: number;
  private added = 0;

  /** @param now UTC milliseconds */
  constructor(now: number) {
    this.currentHour = Math.floor(now / HOUR_MS);
  }

  /** How many there are. */
  get looked(): number {
    return this.added;
  }

  add({ id, queue, name, error, at }: Failure): void {
    this.added += 1;
    const message = this.patternOf(error.message);
    const key = JSON.stringify([name, error.name, message]);
    let group = this.groups.get(key);
    if (!group) {
      const points = Array.from({ length: POINTS }, () => 0);
      group = {
        name,
        error: { name: error.name, message },
        queues: new Set(),
        points,
        count: 0,
        firstAt: at,
        lastAt: at,
        sampleId: id,
      };
      this.groups.set(key, group);
    }
    group.count += 1;
    group.queues.add(queue);
    group.firstAt = Math.min(group.firstAt, at);
    if (at > group.lastAt) {
      group.lastAt = at;
      group.sampleId = id;
    }
    const point = POINTS - 1 - (this.currentHour - Math.floor(at / HOUR_MS));
    if (point >= 0 && point < POINTS) group.points[point]! += 1;
  }

  /** @param complete whether every failure was added */
  report(complete: boolean): FailureReport {
    const items = [...this.groups.values()]
      .toSorted((left, right) => right.count - left.count || right.lastAt - left.lastAt)
      .slice(0, MOST_GROUPS_LISTED)
      .map(({ queues, ...group }) => ({
        key: keyOf(group.name, group.error.name, group.error.message),
        ...group,
        queues: [...queues].toSorted(),
      }));
    return { items, looked: this.added, complete };
  }

  private patternOf(message: string): string {
    let pattern = this.patterns.get(message);
    if (pattern === undefined) this.patterns.set(message, (pattern = messagePattern(message)));
    return pattern;
  }
}
