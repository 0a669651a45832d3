import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TasksModuleRootOptions } from '../../lib/config/index.js';
import type { Random } from '../kill/support/random.js';
import { failingIoEnvironment } from './failing-io.js';
import { type HarnessEvent, type LedgerWriter, steadyNow } from './ledger.js';
import { GAVE_UP } from './process/app-database.js';
import type { BrokenEngine } from './process/broken-engines.js';
import { type Notice, type Order, POISONED, type ProcessSetup } from './process/setup.js';

const MAX_OUTPUT = 20_000;
/** Longer than any shutdown takes, also on a busy machine: grace, aborted handlers and what is to be stored. */
const SHUTDOWN_PATIENCE_MS = 60_000;

/** A real app in a process of its own, that enqueues or works. */
export class ChaosProcess {
  isReady = false;
  isStopped = false;
  hasStoppedProducing = false;
  /** Set before it is ended on purpose: what ends without is a finding. */
  ending: 'killed' | 'terminated' | null = null;
  output = '';
  readonly bornAt = steadyNow();
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;

  constructor(
    program: string,
    readonly setup: ProcessSetup,
    folder: string,
  ) {
    this.child = fork(program, [JSON.stringify(setup)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...failingIoEnvironment(folder) },
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (this.output = (this.output + chunk.toString()).slice(-MAX_OUTPUT)));
    }
    this.child.on('message', (notice: Notice) => {
      if (notice === 'ready') this.isReady = true;
      else this.hasStoppedProducing = true;
    });
    // An order may find a process that has just ended.
    this.child.on('error', () => undefined);
    this.exited = once(this.child, 'close').then(() => undefined);
  }

  get name(): string {
    return this.setup.name;
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get gaveUp(): boolean {
    return this.child.exitCode === GAVE_UP;
  }

  get wasPoisoned(): boolean {
    return this.child.exitCode === POISONED;
  }

  get howItEnded(): string {
    return `${this.child.signalCode ?? `exit code ${this.child.exitCode}`}\n${this.output}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  order(order: Order): void {
    if (this.child.connected) this.child.send(order, () => undefined);
  }
}

/** Of each four, the one whose clock is not moved. Those of odd numbers have a store of a connection of its own. */
const THREADED = 3;

/** Which processes there are: each place is taken by one, and by the next when it has ended. */
export interface FleetPlan {
  readonly program: string;
  /** Of the round; there are the ledger and what else the processes share. */
  readonly folder: string;
  readonly ledger: string;
  readonly options: TasksModuleRootOptions;
  readonly app: ProcessSetup['app'];
  readonly producers: number;
  readonly workers: number;
  readonly tasksPerSecond: number;
  readonly largestBatch: number;
  readonly mostOpen: number;
  readonly movesClocks: boolean;
  readonly brokenEngine: BrokenEngine | null;
}

/** A process that ended by itself, or would not end. */
export interface Mishap {
  readonly process: string;
  readonly message: string;
}

export class Fleet {
  readonly mishaps: Mishap[] = [];
  private readonly places: (ChaosProcess | null)[] = [];
  private readonly watches = new Set<Promise<void>>();
  private count = 0;
  private replaces = true;

  /** @param storeIsTroubled whether a process may fail to boot now, as the store is out of order */
  constructor(
    private readonly plan: FleetPlan,
    private readonly random: Random,
    private readonly ledger: LedgerWriter<HarnessEvent>,
    private readonly storeIsTroubled: (since: number) => boolean,
  ) {}

  start(): void {
    for (let place = 0; place < this.plan.producers + this.plan.workers; place += 1) this.fill(place);
  }

  /** Processes that run: neither ended, nor about to be, nor stopped. */
  living(): ChaosProcess[] {
    return this.places.filter(
      (one): one is ChaosProcess => one !== null && !one.hasEnded && !one.isStopped && one.ending === null,
    );
  }

  /** Of those, the ones that have booted. */
  ready(): ChaosProcess[] {
    return this.living().filter(({ isReady }) => isReady);
  }

  /** Whether so many have booted that one may go: a machine that boots them slowly would else never have one at work. */
  isStrong(): boolean {
    return this.ready().length > this.places.length / 2;
  }

  isWorker({ setup }: ChaosProcess): boolean {
    return setup.production === null;
  }

  kill(victim: ChaosProcess): void {
    if (victim.hasEnded) return;
    victim.ending = 'killed';
    this.ledger.write({ event: 'gone', at: steadyNow(), process: victim.name, how: 'killed' });
    victim.signal('SIGKILL');
  }

  /** Asks it to shut down; resolves when it is gone. */
  async terminate(victim: ChaosProcess): Promise<void> {
    if (victim.hasEnded) return;
    victim.ending = 'terminated';
    this.ledger.write({ event: 'gone', at: steadyNow(), process: victim.name, how: 'terminated' });
    victim.signal('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), SHUTDOWN_PATIENCE_MS)));
    if ((await Promise.race([victim.exited, late])) === 'late') {
      this.mishaps.push({ process: victim.name, message: `did not shut down within ${SHUTDOWN_PATIENCE_MS} ms` });
      victim.signal('SIGKILL');
    }
    clearTimeout(timer);
    await victim.exited;
  }

  /** Stops it in its tracks for `ms`, heartbeat and all. */
  async stop(victim: ChaosProcess, ms: number): Promise<void> {
    victim.isStopped = true;
    victim.signal('SIGSTOP');
    await sleep(ms);
    victim.signal('SIGCONT');
    victim.isStopped = false;
  }

  /** Has the producers settle what they began; resolves when they have. */
  async stopProducing(patience: number): Promise<void> {
    const producers = this.living().filter(({ setup }) => setup.production !== null);
    for (const producer of producers) producer.order({ order: 'stop-producing' });
    const deadline = performance.now() + patience;
    while (producers.some((one) => one.isReady && !one.hasStoppedProducing && !one.hasEnded)) {
      if (performance.now() > deadline) return;
      await sleep(20);
    }
  }

  /** Ends all for good, one by a shutdown and the next by a kill. */
  async end(): Promise<void> {
    this.replaces = false;
    const left = this.places.filter((one): one is ChaosProcess => one !== null && !one.hasEnded);
    await Promise.all(
      left.map(async (one) => {
        if (one.isReady && one.ending === null && this.random.next() < 0.5) await this.terminate(one);
        else this.kill(one);
      }),
    );
    await Promise.all(this.watches);
  }

  /** Starts processes that only work, with their clocks set to `clockOffset`, once {@link end} has ended all others. */
  startDraining(workers: number, clockOffset: number | null): void {
    this.replaces = true;
    this.places.length = 0;
    for (let place = 0; place < workers; place += 1) this.fill(this.plan.producers + place, clockOffset);
  }

  /** Ends those that are left by a shutdown. */
  async shutDown(): Promise<void> {
    this.replaces = false;
    const left = this.places.filter((one): one is ChaosProcess => one !== null && !one.hasEnded);
    await Promise.all(
      left.map(async (one) => {
        if (one.isReady) await this.terminate(one);
        else this.kill(one);
      }),
    );
    await Promise.all(this.watches);
  }

  /** Ends those that are left at once. */
  async killAll(): Promise<void> {
    this.replaces = false;
    for (const one of this.places) if (one) this.kill(one);
    await Promise.all(this.watches);
  }

  private fill(place: number, clockOffset: number | null = this.plan.movesClocks ? 0 : null): void {
    const { plan, random } = this;
    const produces = place < plan.producers;
    const seed = random.between(1, 2 ** 31);
    this.count += 1;
    // Only by the machine's own clock does an engine run in a thread of its own.
    const isThreaded = clockOffset === 0 && this.count % 4 === THREADED;
    const process = new ChaosProcess(
      plan.program,
      {
        name: `${produces ? 'producer' : 'worker'}-${this.count}`,
        ledger: plan.ledger,
        options: produces ? { ...plan.options, workers: false } : plan.options,
        app: plan.app?.holds === 'outbox' || this.count % 2 === 0 ? plan.app : null,
        production: produces
          ? {
              seed,
              tasksPerSecond: plan.tasksPerSecond / plan.producers,
              largestBatch: plan.largestBatch,
              mostOpen: plan.mostOpen,
            }
          : null,
        clockOffset: isThreaded ? null : clockOffset,
        brokenEngine: plan.brokenEngine,
      },
      plan.folder,
    );
    this.ledger.write({ event: 'born', at: steadyNow(), process: process.name });
    this.places[place] = process;
    const watch = this.replaceWhenGone(process, place, clockOffset).finally(() => this.watches.delete(watch));
    this.watches.add(watch);
  }

  private async replaceWhenGone(process: ChaosProcess, place: number, clockOffset: number | null): Promise<void> {
    await process.exited;
    if (process.ending === 'terminated') this.ledger.write({ event: 'exited', at: steadyNow(), process: process.name });
    if (process.ending === null && !process.wasPoisoned) {
      this.ledger.write({ event: 'gone', at: steadyNow(), process: process.name, how: 'died' });
      const excused = process.gaveUp || (!process.isReady && this.storeIsTroubled(process.bornAt));
      if (!excused) {
        this.mishaps.push({ process: process.name, message: `ended by itself: ${process.howItEnded}` });
      }
      await sleep(200);
    }
    if (this.replaces) this.fill(place, clockOffset);
  }
}
