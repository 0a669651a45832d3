import { inspect } from 'node:util';
import { nearest, plural, type TaskTags } from '../contract/index.js';
import { maskSensitive } from '../params/index.js';
import { type Difference, fieldsUnlike } from './fields-unlike.js';
import type { RecordedTask } from './queued-task.js';

/** What a task is expected to be beside its name and params. */
export interface ExpectedTask {
  /** One of several stores. */
  store?: string;
  queue?: string;
  priority?: number;
  /** When it is due: a Date or UTC milliseconds. */
  runAt?: Date | number;
  /** Milliseconds from its enqueueing until it is due. */
  delay?: number;
  tags?: TaskTags;
  parentId?: string | null;
}

/** A task and how far it is from what was expected; 0 differences: it is just that. */
interface Candidate {
  readonly recorded: RecordedTask;
  readonly found: readonly Difference[];
}

const MAX_LISTED = 5;
/** Far from all that a field may hold, so that a secret is never shown for being in the way. */
const ABOUT = ['store', 'queue', 'priority', 'delay', 'tags', 'parentId'] as const;

/** One expectation of what was enqueued. */
export class Expectation {
  constructor(
    private readonly name: string,
    private readonly params: object | undefined,
    private readonly about: ExpectedTask,
  ) {}

  matches(recorded: RecordedTask): boolean {
    return recorded.task.name === this.name && this.differencesTo(recorded).length === 0;
  }

  /** What to say where nothing of what was enqueued is as expected: the nearest miss, and the rest. */
  missing(all: readonly RecordedTask[]): string {
    const expected = `Expected ${this.described()} to have been queued`;
    if (all.length === 0) return `${expected}; nothing was queued.`;
    const candidates = all
      .filter(({ task }) => task.name === this.name)
      .map((recorded): Candidate => ({ recorded, found: this.differencesTo(recorded) }))
      .toSorted((left, right) => left.found.length - right.found.length);
    const [miss, ...others] = candidates;
    if (!miss) return `${expected}; ${this.otherNames(all)}`;
    const lines = [
      `${expected}.`,
      `Nearest: ${described(miss.recorded)}`,
      ...miss.found.map((difference) => `  ${wordedDifference(difference, miss.recorded)}`),
      ...(others.length > 0 ? [`${plural(others.length, 'other')}:`] : []),
      ...others.slice(0, MAX_LISTED).map(({ recorded }) => `  ${described(recorded)}`),
    ];
    return lines.join('\n');
  }

  /** What to say where something was enqueued that should not have been. */
  unexpected(found: readonly RecordedTask[]): string {
    const listed = found.slice(0, MAX_LISTED).map((recorded) => `  ${described(recorded)}`);
    return [`Expected ${this.described()} not to have been queued, and it was:`, ...listed].join('\n');
  }

  private differencesTo({ task }: RecordedTask): Difference[] {
    const { runAt, ...rest } = this.about;
    const about: Record<string, unknown> = { ...rest };
    if (runAt !== undefined) about.runAt = Number(runAt);
    const given = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined));
    return [...fieldsUnlike(given, task), ...fieldsUnlike(this.params ?? {}, task.params)];
  }

  private described(): string {
    const { params, about } = this;
    const words = Object.entries(about).filter(([, value]) => value !== undefined);
    const where = words.map(([key, value]) => ` ${key} ${shown(value)}`).join(',');
    return `a task "${this.name}"${params === undefined ? '' : ` with ${shown(params)}`}${where && ` on${where}`}`;
  }

  private otherNames(all: readonly RecordedTask[]): string {
    const names = [...new Set(all.map(({ task }) => task.name))];
    const near = nearest(this.name, names);
    const listed = all.slice(-MAX_LISTED).map((recorded) => `  ${described(recorded)}`);
    const what = near ? `no task of that name was. Did you mean "${near}"?` : 'no task of that name was.';
    return [`${what} Queued:`, ...listed].join('\n');
  }
}

function described({ task, sensitive }: RecordedTask): string {
  const params = sensitive.length > 0 ? maskSensitive(task.params, sensitive) : task.params;
  return `${task.name} ${shown(params)} on "${task.queue}"${task.delay > 0 ? `, due in ${task.delay} ms` : ''}`;
}

/** Without the value that was found where that is sensitive. */
function wordedDifference({ path, expected, actual }: Difference, { task, sensitive }: RecordedTask): string {
  const isAbout = ABOUT.some((key) => path === key || path.startsWith(`${key}.`)) && !(path in task.params);
  const isSecret = !isAbout && sensitive.some((secret) => touches(path, secret));
  return `${path || 'all of it'}: expected ${shown(expected)}, was ${isSecret ? '[sensitive]' : shown(actual)}`;
}

/** Whether one of two paths leads into the other. Items of lists are alike: `cards[0].number`, `cards[].number`. */
function touches(path: string, secret: string): boolean {
  const one = path.replaceAll(/\[\d+\]/g, '[]');
  return one.startsWith(secret) || secret.startsWith(one);
}

function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 100, compact: 3, maxArrayLength: 20, maxStringLength: 200 });
}
