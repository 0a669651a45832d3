import { shownNumber, shownSize } from '../checks/index.js';
import { type StepKind, StepNameError, StepResultError } from '../contract/index.js';
import type { StepBounds, StepPlace, StepRecord } from '../engine/port/index.js';
import type { StepOptions } from './step-options.js';

/** Where the engine has no narrower ones. */
const MAX_OF_TASK: StepBounds = { steps: 10_000, bytes: 32 * 1_024 ** 2 };

/** A step that has begun: where it is recorded, and where it was under an earlier name. */
export interface BegunStep {
  readonly place: StepPlace;
  readonly formerPlace: StepPlace | null;
  /** See `StepContext.key`. */
  readonly key: string;
}

/** What a task has recorded, and which steps its attempt has begun. */
export class StepBook {
  private readonly records = new Map<string, StepRecord>();
  private readonly counts = new Map<string, number>();
  private readonly underWay = new Set<string>();
  /** Addresses of steps that run and were not on record before. */
  private readonly rooms = new Set<string>();
  /** What the results take that are on their way into the record, by address. */
  private readonly coming = new Map<string, number>();
  private bytes = 0;
  private nextPosition = 1;

  constructor(
    private readonly taskId: string,
    private readonly bounds: StepBounds = MAX_OF_TASK,
  ) {}

  /**
   * Gives a step its identity: its name, and how often that name was begun in this attempt.
   *
   * @param mayOverlap whether steps of one name may be under way together
   * @throws StepNameError where one of that name is under way
   */
  begin(kind: StepKind, name: string, { key, was }: StepOptions, mayOverlap = false): BegunStep {
    const full = named(name, key);
    const space = spaceOf({ kind, name: full });
    if (this.underWay.has(space) && !mayOverlap) {
      throw new StepNameError(
        full,
        `Step "${full}" is under way already, and which of the two was which cannot be told in the next attempt: give each a key ` +
          `of its own, as in task.step("${name}", run, { key: row.id }).`,
      );
    }
    const number = this.counts.get(space) ?? 0;
    this.counts.set(space, number + 1);
    this.underWay.add(space);
    const former = was === undefined ? null : named(was, key);
    const keyed = `${this.taskId}/${former ?? full}`;
    return {
      place: { kind, name: full, number },
      formerPlace: former === null ? null : { kind, name: former, number },
      key: number === 0 ? keyed : `${keyed}:${number}`,
    };
  }

  end({ place }: BegunStep): void {
    this.underWay.delete(spaceOf(place));
    this.settle(addressOf(place));
  }

  /** What is on record of a step. */
  find({ place, formerPlace }: BegunStep): StepRecord | null {
    const found = this.records.get(addressOf(place));
    return found ?? (formerPlace && this.records.get(addressOf(formerPlace))) ?? null;
  }

  /** What stands at a place. */
  at(place: StepPlace): StepRecord | null {
    return this.records.get(addressOf(place)) ?? null;
  }

  /** Takes the room of one more step, until it has ended. @throws StepResultError where a task has as many as it may have */
  takeRoom({ place }: BegunStep): void {
    if (this.records.size + this.rooms.size < this.bounds.steps) return void this.rooms.add(addressOf(place));
    throw new StepResultError(
      place.name,
      `would be one more than the ${shownNumber(this.bounds.steps)} that a task may have. Do more in one step, or give the rest to another task.`,
    );
  }

  /** Takes the room of a result that is to be recorded. @throws StepResultError where those of the task would take too much */
  takeBytes({ place }: Pick<BegunStep, 'place'>, json: string): void {
    const address = addressOf(place);
    const size = Buffer.byteLength(json);
    if (this.bytes - bytesOf(this.records.get(address)) + size <= this.bounds.bytes) {
      this.bytes += size - (this.coming.get(address) ?? 0);
      this.coming.set(address, size);
      return;
    }
    throw new StepResultError(
      place.name,
      `would bring the results of the task's steps over ${shownSize(this.bounds.bytes)}: its own takes ${shownNumber(size)} ` +
        'bytes as JSON. Store large data elsewhere, and return its id.',
    );
  }

  /** The place of what is recorded next. */
  takePosition(): number {
    return this.nextPosition++;
  }

  add(record: StepRecord): void {
    const address = addressOf(record);
    this.settle(address);
    this.bytes += bytesOf(record) - bytesOf(this.records.get(address));
    this.records.set(address, record);
    this.nextPosition = Math.max(this.nextPosition, record.position + 1);
  }

  /** What was to be recorded there is, or will not be. */
  private settle(address: string): void {
    this.rooms.delete(address);
    this.bytes -= this.coming.get(address) ?? 0;
    this.coming.delete(address);
  }
}

function bytesOf(record: StepRecord | undefined): number {
  return record?.result == null ? 0 : Buffer.byteLength(record.result);
}

function named(name: string, key: string | undefined): string {
  return key === undefined ? name : `${name}[${key}]`;
}

/** A step that became a transaction, or the other way round, is the same one. */
function spaceOf({ kind, name }: Pick<StepPlace, 'kind' | 'name'>): string {
  return `${kind === 'transaction' ? 'step' : kind} ${name}`;
}

function addressOf(place: StepPlace): string {
  return `${place.number} ${spaceOf(place)}`;
}
