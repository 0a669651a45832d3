import type { PauseSelector } from '../../../lib/contract/index.js';
import { CHARGE, type FlowQueue, type FlowSetup, IMPORTS, MAIL, SPAN_MS } from './flow-setup.js';

/** A task, as far as limits and pauses go by it. */
export interface FlowTask {
  readonly id: string;
  readonly queue: FlowQueue;
  readonly name: string;
  /** Null for a task without one. */
  readonly key: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** What may start, as it stands: a new value for each change, so that a start may be judged by that before and by that after. */
export interface FlowRules {
  readonly slots: number;
  /** Null: any number. */
  readonly inAll: number | null;
  readonly keyRate: number | null;
  readonly mailRate: number;
  readonly sharedRate: number | null;
  readonly pauses: readonly PauseSelector[];
  /** Since when and until when nothing of a queue, or nothing that the shared limit counts, starts. */
  readonly closed: Readonly<Record<string, { readonly at: number; readonly until: number }>>;
}

export function rulesOf({ slots, inAll, keyRate, mailRate, sharedRate }: FlowSetup): FlowRules {
  return { slots, inAll, keyRate, mailRate, sharedRate, pauses: [], closed: {} };
}

/** A start: by the clock, and by the time that has really passed, of which a clock that is set back takes nothing away. */
interface Start {
  readonly at: number;
  readonly elapsed: number;
  readonly process: number;
}

/** The starts that each limit counts. */
export class Starts {
  private readonly byLimit = new Map<string, Start[]>();

  add(task: FlowTask, start: Start): void {
    for (const { limit } of limitsOf(task)) {
      const starts = this.byLimit.get(limit) ?? [];
      this.byLimit.set(limit, [...starts, start]);
    }
  }

  /** Starts of a limit in the span that ends now: all pairs of starts that are this near to each other are among them. */
  within(limit: string, elapsed: number): number {
    return this.of(limit).filter((start) => start.elapsed > elapsed - SPAN_MS).length;
  }

  /** Starts of a limit that may count still, for an engine that knows the clock alone. */
  counted(limit: string, now: number): number {
    return this.of(limit).filter(({ at }) => at > now - SPAN_MS).length;
  }

  /** A process is taken for dead: what it began counts as begun when that was found. */
  foundDead(process: number, now: number): void {
    for (const [limit, starts] of this.byLimit) {
      this.byLimit.set(
        limit,
        starts.map((start) => (start.process === process && start.at > now - SPAN_MS ? { ...start, at: now } : start)),
      );
    }
  }

  private of(limit: string): readonly Start[] {
    return this.byLimit.get(limit) ?? [];
  }
}

/** What runs, by the key; the empty one is that of tasks without. */
export type RunningTasks = ReadonlyMap<string, FlowTask>;

/** The rate limits that count a task. */
export function limitsOf({
  queue,
  name,
  key,
}: FlowTask): { limit: string; of: 'keyRate' | 'mailRate' | 'sharedRate' }[] {
  return [
    ...(queue === MAIL ? [{ limit: 'mail', of: 'mailRate' as const }] : []),
    ...(queue === IMPORTS && key !== null ? [{ limit: `key ${key}`, of: 'keyRate' as const }] : []),
    ...(name === CHARGE ? [{ limit: 'shared', of: 'sharedRate' as const }] : []),
  ];
}

/** Why a task may not start beside what runs; null where it may. */
export function obstacle(
  task: FlowTask,
  rules: FlowRules,
  running: RunningTasks,
  startsOf: (limit: string) => number,
  now: number,
): string | null {
  const pause = rules.pauses.find((selector) => isAbout(selector, task));
  if (pause) return `${JSON.stringify(pause)} is paused`;
  for (const target of [task.queue, ...(task.name === CHARGE ? ['shared'] : [])]) {
    const closing = rules.closed[target];
    if (closing && closing.at <= now && now < closing.until) return `${target} is closed`;
  }
  if (task.queue === IMPORTS) {
    const beside = [...running.values()].filter(({ queue, id }) => queue === IMPORTS && id !== task.id);
    const ofKey = beside.filter(({ key }) => key === task.key).length;
    if (task.key !== null && ofKey >= rules.slots) return `${ofKey} tasks of key ${task.key} run`;
    if (rules.inAll !== null && beside.length >= rules.inAll) return `${beside.length} tasks of the queue run`;
  }
  for (const { limit, of } of limitsOf(task)) {
    const max = rules[of];
    const starts = startsOf(limit);
    if (max !== null && starts >= max) return `${limit} had ${starts} starts in a span`;
  }
  return null;
}

/** Whether a pause is about a task. */
export function isAbout(selector: PauseSelector, task: FlowTask): boolean {
  if (selector.name !== undefined) return selector.name === task.name;
  if (selector.tag !== undefined)
    return Object.entries(selector.tag).every(([name, value]) => task.tags[name] === value);
  return selector.queue === task.queue && (selector.key === undefined || selector.key === task.key);
}
