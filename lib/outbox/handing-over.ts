import { messageOf, StoreError, TasksError } from '../contract/index.js';
import type { NewTask } from '../engine/port/index.js';
import type { OutboxRow } from './outbox-table.js';

type Position = OutboxRow['position'];

/**
 * What became of rows that were handed over, by position: those that are named are not in the store. What is wrong with one
 * that is to be set aside; null for one that stays as it is.
 */
export type NotStored = ReadonlyMap<Position, string | null>;

/** Rows to be set aside, each with what is wrong with it. */
export function asideOf(notStored: NotStored): ReadonlyArray<readonly [Position, string]> {
  return [...notStored].flatMap(([position, problem]) => (problem === null ? [] : [[position, problem] as const]));
}

/** How often a row is tried that the store does not take while it takes others. */
const MAX_TRIES = 3;
/** Such rows in one round: each may take as long as an answer is waited for. */
const MAX_FAULTS = 3;

export interface HandingOverDependencies {
  readonly store: (tasks: readonly NewTask[]) => Promise<unknown>;
  /** @throws SyntaxError for a row that cannot be read */
  readonly taskOf: (row: OutboxRow) => NewTask;
  /** Told of each row that is to be set aside. */
  readonly onRefused: (row: OutboxRow, problem: string) => void;
}

/**
 * Hands rows over so that one which the store does not take holds up no other. Where a store is away all of them wait; a
 * fault alone does not tell that from a row which is too large for it, so that after one each is handed over alone.
 */
export class HandingOver {
  /** Rows that were not taken while others were, by how often. */
  private readonly faults = new Map<Position, number>();
  private isDoubtful = false;

  constructor(private readonly deps: HandingOverDependencies) {}

  /** Whether the last rows that were handed over are not all in the store. */
  get isFailing(): boolean {
    return this.isDoubtful;
  }

  /** @throws StoreError where the store is away, as far as can be told */
  async handOver(rows: readonly OutboxRow[]): Promise<NotStored> {
    const isDoubtful = this.isDoubtful;
    this.isDoubtful = true;
    const notStored = await (isDoubtful ? this.each(smallestFirst(rows)) : this.all(rows));
    this.isDoubtful = [...notStored.values()].includes(null);
    return notStored;
  }

  private async all(rows: readonly OutboxRow[]): Promise<NotStored> {
    try {
      await this.deps.store(rows.map((row) => this.deps.taskOf(row)));
      return new Map();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    return this.each(rows);
  }

  private async each(rows: readonly OutboxRow[]): Promise<NotStored> {
    const notStored = new Map<Position, string | null>();
    let isThere = false;
    let faults = 0;
    for (const row of rows) {
      const { position } = row;
      if (faults === MAX_FAULTS) {
        notStored.set(position, null);
        continue;
      }
      try {
        await this.deps.store([this.deps.taskOf(row)]);
        isThere = true;
        this.faults.delete(position);
      } catch (error) {
        if (!isRefusal(error)) {
          if (!isThere) throw error;
          faults += 1;
          if (this.countFault(position) < MAX_TRIES) {
            notStored.set(position, null);
            continue;
          }
        }
        this.faults.delete(position);
        notStored.set(position, messageOf(error));
        this.deps.onRefused(row, messageOf(error));
      }
    }
    return notStored;
  }

  private countFault(position: Position): number {
    const count = (this.faults.get(position) ?? 0) + 1;
    this.faults.set(position, count);
    return count;
  }
}

/** A store that does not even take the smallest is away. The others stay in their order. */
function smallestFirst(rows: readonly OutboxRow[]): readonly OutboxRow[] {
  const sizeOf = ({ params }: OutboxRow): number => String(params).length;
  const [smallest] = rows.toSorted((one, other) => sizeOf(one) - sizeOf(other));
  return [smallest!, ...rows.filter((row) => row !== smallest)];
}

/** Not for a store that is away, but for what no store would take: the task's queue or what stands in its row. */
function isRefusal(error: unknown): boolean {
  return (error instanceof TasksError && !(error instanceof StoreError)) || error instanceof SyntaxError;
}
