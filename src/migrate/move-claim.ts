import { setTimeout as sleep } from 'node:timers/promises';
import { isKnownGone, ownIdentity } from '../../lib/engine/sqlite/process/process-identity.js';
import type { MoveMark, MoveOwner } from '../../lib/engine/port/transfer-store.js';
import { CliError } from '../cli/usage-error.js';
import type { OpenStore } from './open-store.js';

const BEAT_MS = 1_000;
/** At least so long is listened for the beats of a process that cannot be seen from here. */
const MIN_SILENCE_MS = 3 * BEAT_MS;

type Shown = Pick<OpenStore, 'shown'>;

export interface MoveOptions {
  readonly id: string;
  readonly lease: number;
}

/** The two stores of a move in the hands of this process: no other carries the same move on meanwhile. */
export class MoveClaim {
  private beating: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;
  private ended = false;

  private constructor(
    private readonly source: OpenStore,
    private mark: MoveMark,
    /** Whether an earlier process had begun it. */
    readonly resumed: boolean,
  ) {
    this.timer = setInterval(() => this.beat(), BEAT_MS);
  }

  /**
   * Writes the marks, first that of the source; or takes over those that a process left which is gone.
   * @param options.id of the move, where it is not begun already
   * @param options.lease milliseconds that a process of another container may be silent that carries it out
   * @throws CliError where either store is part of another move, or a living process carries out this one
   */
  static async take(source: OpenStore, target: OpenStore, { id, lease }: MoveOptions): Promise<MoveClaim> {
    const [left, right] = await Promise.all([source.store.readMark(), target.store.readMark()]);
    assertFits(source, target, left, right);
    if (left) await assertLeft(source, left, lease);
    const owner = ownIdentity();
    const { paused, limits } = right ?? left ?? (await stateOf(target));
    const began = {
      id,
      phase: 'copying',
      at: Date.now(),
      report: null,
      beat: 0,
      paused,
      ...(limits && { limits }),
    } as const;
    const mark: MoveMark = { ...(left ?? { ...began, role: 'source', other: target.shown }), owner };
    await source.store.writeMark(mark);
    // In the second phase a target without a mark is one that has been let go.
    if (mark.phase === 'copying') {
      await target.store.writeMark({ ...mark, role: 'target', other: source.shown });
      await assertTwo(source, target);
    }
    return new MoveClaim(source, mark, left !== null);
  }

  get current(): MoveMark {
    return this.mark;
  }

  /** @throws CliError where another process has taken it over: this one was silent for too long */
  async assertHeld(): Promise<void> {
    const mark = await this.source.store.readMark();
    const [there, here] = [mark?.owner, this.mark.owner!];
    if (there && there.pid === here.pid && there.pidSpace === here.pidSpace && there.pidBirth === here.pidBirth) return;
    throw new CliError('Another process carries this move on.');
  }

  /** From here on the target's tasks are the ones that count. */
  async moved(report: string): Promise<void> {
    await this.beating;
    this.mark = { ...this.mark, phase: 'moved', report };
    await this.source.store.writeMark(this.mark);
  }

  /** Takes the marks away: of the source last, so that at no moment both stores can be worked on with the same tasks. */
  async end(target: OpenStore): Promise<void> {
    await this.stop();
    await target.store.writeMark(null);
    await this.source.store.writeMark(null);
  }

  /** Leaves the marks to whoever carries it on. */
  async leave(): Promise<void> {
    if (this.ended) return;
    await this.stop();
    // The process that takes it over finds out by itself where this cannot be written.
    await this.source.store.writeMark({ ...this.mark, owner: null }).catch(() => undefined);
  }

  private async stop(): Promise<void> {
    this.ended = true;
    clearInterval(this.timer);
    await this.beating;
  }

  private beat(): void {
    this.mark = { ...this.mark, beat: this.mark.beat + 1 };
    // A beat that could not be written is followed by another one.
    this.beating = this.beating.then(() => this.source.store.writeMark(this.mark)).catch(() => undefined);
  }
}

/** What keeps tasks of the target from starting, for whoever gives the move up. */
async function stateOf({ store }: OpenStore): Promise<Pick<MoveMark, 'paused' | 'limits'>> {
  const { paused, pauses, flows } = await store.exportBook();
  return pauses && flows ? { paused, limits: { pauses, flows: Object.fromEntries(flows) } } : { paused };
}

/** A store may be named in two ways. What is copied to itself and then deleted is gone. */
async function assertTwo({ store, shown }: OpenStore, target: OpenStore): Promise<void> {
  if ((await store.readMark())?.role === 'source') return;
  await store.writeMark(null);
  throw new CliError(`${shown} and ${target.shown} are the same store.`);
}

/** @throws CliError where the mark of either store is that of another move */
export function assertFits(source: Shown, target: Shown, left: MoveMark | null, right: MoveMark | null): void {
  if (left && (left.role !== 'source' || left.other !== target.shown)) throw otherMove(source, left);
  if (right && (right.role !== 'target' || right.other !== source.shown)) throw otherMove(target, right);
  if (right && right.id !== left?.id) {
    throw new CliError(
      `${target.shown} holds tasks of a move from ${source.shown} that was not finished, and that ${source.shown} knows ` +
        'nothing of any more. Give it up with --abandon, and look through what is there.',
    );
  }
}

function otherMove({ shown }: Shown, { role, other }: MoveMark): CliError {
  const [from, to] = role === 'source' ? [shown, other] : [other, shown];
  return new CliError(
    `${shown} is part of another move, which was not finished. Finish it with: nestjs-tasks migrate --from ${from} ` +
      `--to ${to} (or give it up with --abandon).`,
  );
}

async function assertLeft(source: OpenStore, mark: MoveMark, lease: number): Promise<void> {
  const own = ownIdentity();
  const { owner } = mark;
  if (!owner || isKnownGone(owner, own)) return;
  // One that can be seen from here and is not gone is alive. Of another container the beats tell.
  if (owner.pidSpace === own.pidSpace) throw moving(owner);
  const until = performance.now() + Math.max(lease, MIN_SILENCE_MS);
  do {
    await sleep(BEAT_MS / 2);
    const now = await source.store.readMark();
    if (now && now.beat === mark.beat) continue;
    throw moving(owner);
  } while (performance.now() < until);
}

function moving({ pid, host }: MoveOwner): CliError {
  return new CliError(`Process ${pid} on ${host} is moving these tasks. Wait for it to end.`);
}
