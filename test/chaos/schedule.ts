import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../kill/support/random.js';
import { FAULT_NAMES, type Fault, type FaultName, type Scene } from './faults.js';
import { type HarnessEvent, type LedgerWriter, steadyNow } from './ledger.js';

/**
 * Does faults to a scene until it is stopped. Each comes at times of its own, made of the seed; a fault that troubles the
 * store waits until the one before is over, the others happen meanwhile.
 */
export class FaultSchedule {
  readonly problems: string[] = [];
  private readonly done = new Map<FaultName, number>();
  private readonly stopping = new AbortController();
  private readonly lanes: Promise<void>[] = [];
  private storeIsFree: Promise<void> = Promise.resolve();
  private troubledSince: number | null = null;
  private troubledUntil = 0;

  constructor(
    private readonly faults: readonly Fault[],
    private readonly seed: number,
    private readonly ledger: LedgerWriter<HarnessEvent>,
  ) {
    setMaxListeners(faults.length + 1, this.stopping.signal);
  }

  start(scene: Scene): void {
    for (const fault of this.faults) this.lanes.push(this.repeat(fault, scene));
  }

  /** Resolves when each fault was done `times` times, or `patience` milliseconds have passed. */
  async doneAtLeast(times: number, patience: number): Promise<void> {
    const deadline = performance.now() + patience;
    while (this.faults.some(({ name }) => (this.done.get(name) ?? 0) < times) && performance.now() < deadline) {
      await sleep(50);
    }
  }

  /** Resolves when the last fault is over. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.lanes);
  }

  /** Whether the store was out of order at any time since `at`. */
  storeWasTroubled(at: number): boolean {
    return this.troubledSince !== null || this.troubledUntil >= at;
  }

  private async repeat(fault: Fault, scene: Scene): Promise<void> {
    const random = new Random(this.seed + FAULT_NAMES.indexOf(fault.name) * 7_919);
    for (;;) {
      const pause = sleep(random.between(...fault.pause), undefined, { signal: this.stopping.signal });
      if (
        !(await pause.then(
          () => true,
          () => false,
        ))
      )
        return;
      if (fault.troublesStore) await this.inTurn(() => this.inject(fault, scene, random));
      else await this.inject(fault, scene, random);
    }
  }

  private async inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.storeIsFree.then(async () => {
      if (this.stopping.signal.aborted) return;
      this.troubledSince = steadyNow();
      await action();
      this.troubledSince = null;
      this.troubledUntil = steadyNow();
    });
    this.storeIsFree = turn;
    await turn;
  }

  private async inject(fault: Fault, scene: Scene, random: Random): Promise<void> {
    const at = steadyNow();
    try {
      const process = await fault.inject(scene, random);
      if (process === undefined) return;
      this.done.set(fault.name, (this.done.get(fault.name) ?? 0) + 1);
      this.ledger.write({ event: 'fault', at, until: steadyNow(), fault: fault.name, process });
    } catch (error) {
      this.problems.push(`${fault.name}: ${String(error)}`);
    }
  }
}
