import { createHash } from 'node:crypto';
import type { ErrorOccurrence, ErrorReport, TaskSummary } from '../../contract/index.js';
export type { ErrorOccurrence, ErrorGroup, ErrorReport } from '../../contract/index.js';

/** Groups that a report lists: the most frequent. */
export const MAX_GROUPS_LISTED = 500;
/** Characters of a message that decide what it is alike with. */
const GROUPED_MESSAGE_LENGTH = 1_000;
const PATTERN_LENGTH = 300;

const HOUR_MS = 60 * 60 * 1_000;
/** Hours of which a group tells how often it failed. */
export const ERROR_POINTS = 24;

/**
 * A number that says what went wrong, by the word before it or as a mail server begins its answer, in the first group; or any
 * other number.
 */
const NUMBER =
  /(\b(?:answered|answer|status(?: code)?|code|HTTP(?:\/\d(?:\.\d)?)?|exit(?:ed)?(?: with)?(?: code)?|errno)[\s:=#]{1,3}-?\d{1,3}\b(?![.,]\d)|^\d{3}[ -]\d\.\d{1,3}\.\d{1,3}\b)|\d+(?:[.,]\d+)*/gi;

/**
 * What varies between messages that mean the same, each with what stands for it. Quotes come first: they may hold the
 * rest. Numbers and ids look alike afterwards, as an id may happen to have no letter.
 */
const VARIABLE: ReadonlyArray<readonly [RegExp, string | ((found: string, kept?: string) => string)]> = [
  [/"[^"]*"|`[^`]*`|“[^”]*”|«[^»]*»|(?<!\w)'[^']*'(?!\w)/g, '"…"'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '…'],
  [/\b0x[0-9a-f]+\b/gi, '…'],
  // Letters and digits that no word mixes: hashes, object ids, tokens.
  [/\b(?=[a-z_-]*\d)(?=[\d_-]*[a-z])[\w-]{12,}\b/gi, '…'],
  [/\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, '…'],
  [NUMBER, (_, kept) => kept ?? '…'],
  [/\s+/g, ' '],
];

/** A failed task, as it is gathered. */
export function occurrenceOf({ id, queue, name, error, finishedAt }: TaskSummary): ErrorOccurrence {
  return { id, queue, name, error: error ?? { name: 'Error', message: '' }, at: finishedAt ?? 0 };
}

/** A message without what varies from one error to the next. */
export function messagePattern(message: string): string {
  let text = message.slice(0, GROUPED_MESSAGE_LENGTH);
  for (const [pattern, replacement] of VARIABLE) text = text.replace(pattern, replacement as string);
  return text.trim().slice(0, PATTERN_LENGTH);
}

/**
 * Names the group that an error belongs to: the same for ever and in every process.
 * @param name of the task
 */
export function errorGroupKey(name: string, error: ErrorOccurrence['error']): string {
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
  readonly error: ErrorOccurrence['error'];
  readonly queues: Set<string>;
  readonly points: number[];
  count: number;
  firstAt: number;
  lastAt: number;
  sampleId: string;
}

/** Gathers errors, in any order. */
export class ErrorGroups {
  private readonly groups = new Map<string, Gathered>();
  /** Most errors repeat a message word for word. */
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

  add({ id, queue, name, error, at }: ErrorOccurrence): void {
    this.added += 1;
    const message = this.patternOf(error.message);
    const key = JSON.stringify([name, error.name, message]);
    let group = this.groups.get(key);
    if (!group) {
      const points = Array.from({ length: ERROR_POINTS }, () => 0);
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
    const point = ERROR_POINTS - 1 - (this.currentHour - Math.floor(at / HOUR_MS));
    if (point >= 0 && point < ERROR_POINTS) group.points[point]! += 1;
  }

  /** @param complete whether every error was added */
  report(complete: boolean): ErrorReport {
    const items = [...this.groups.values()]
      .toSorted((left, right) => right.count - left.count || right.lastAt - left.lastAt)
      .slice(0, MAX_GROUPS_LISTED)
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
