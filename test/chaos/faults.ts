import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../kill/support/random.js';
import { breakIo, mendIo, whyNoFailingIo } from './failing-io.js';
import { readLedger, steadyNow } from './ledger.js';
import { QUEUES } from './process/setup.js';
import type { ChaosProcess, Fleet } from './processes.js';
import type { ChaosStore } from './stores/chaos-store.js';
import type { EngineName } from './stores/index.js';
import { ServerStore } from './stores/server-store.js';
import { SqliteStore } from './stores/sqlite-store.js';

/** What faults are done to. */
export interface Scene {
  readonly fleet: Fleet;
  readonly store: ChaosStore;
  /** Folder of the round. */
  readonly folder: string;
  readonly ledger: string;
  /** Milliseconds. */
  readonly lease: number;
}

/** Something that goes wrong. */
export interface Fault {
  readonly name: FaultName;
  /** What is done, for the report. */
  readonly description: string;
  readonly engines: readonly EngineName[];
  /** Milliseconds between the end of one and the begin of the next, at least and at most. */
  readonly pause: readonly [least: number, most: number];
  /** Of those that trouble the store one happens at a time. */
  readonly troublesStore: boolean;
  /** Why it cannot be done to this store on this machine; null where it can. */
  unavailable?(store: ChaosStore): string | null;
  /** Resolves when it is over: to the process it was done to, null for all, undefined where it could not be done. */
  inject(scene: Scene, random: Random): Promise<string | null | undefined>;
}

const SERVERS = ['redis', 'postgres'] as const;
const ALL = ['sqlite', ...SERVERS] as const;
const MINUTE_MS = 60_000;
/** Clocks are moved by this at most, ahead and back. */
export const MAX_CLOCK_OFFSET_MS = 5 * MINUTE_MS;

export const FAULT_NAMES = [
  'kill',
  'kill-all',
  'terminate',
  'stop',
  'clock',
  'poison',
  'pause',
  'lock',
  'full',
  'read-only',
  'io-error',
  'copy',
  'server-kill',
  'server-restart',
  'cut',
  'refuse',
  'slow',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

const sqlite = ({ store }: Scene): SqliteStore => store as SqliteStore;
const server = ({ store }: Scene): ServerStore => store as ServerStore;
const someone = (processes: readonly ChaosProcess[], random: Random): ChaosProcess | undefined =>
  processes.length === 0 ? undefined : random.pick(processes);

const producersOf = (fleet: Fleet): ChaosProcess[] => fleet.ready().filter((one) => !fleet.isWorker(one));

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    description: 'SIGKILL of a process, at any moment of its life',
    engines: ALL,
    pause: [300, 1_400],
    troublesStore: false,
    async inject({ fleet }, random) {
      // Mostly one that is at work; sometimes one that boots.
      const boots = random.next() < 0.1;
      if (!boots && !fleet.isStrong()) return undefined;
      const victim = someone(boots ? fleet.living() : fleet.ready(), random);
      if (!victim) return undefined;
      fleet.kill(victim);
      await victim.exited;
      return victim.name;
    },
  },
  {
    name: 'kill-all',
    description: 'SIGKILL of every process at once',
    engines: ALL,
    pause: [8_000, 20_000],
    troublesStore: false,
    async inject({ fleet }) {
      const victims = fleet.living();
      for (const victim of victims) fleet.kill(victim);
      await Promise.all(victims.map(({ exited }) => exited));
      return null;
    },
  },
  {
    name: 'terminate',
    description: 'SIGTERM: an orderly shutdown with tasks in hand',
    engines: ALL,
    pause: [2_000, 8_000],
    troublesStore: false,
    async inject({ fleet }, random) {
      const victim = fleet.isStrong() ? someone(fleet.living(), random) : undefined;
      if (!victim) return undefined;
      await fleet.terminate(victim);
      return victim.name;
    },
  },
  {
    name: 'stop',
    description: 'SIGSTOP of a worker for longer than its lease, then SIGCONT',
    engines: ALL,
    pause: [1_000, 4_000],
    troublesStore: false,
    async inject({ fleet, lease }, random) {
      const victim = someone(
        fleet.ready().filter((one) => fleet.isWorker(one)),
        random,
      );
      if (!victim) return undefined;
      await fleet.stop(victim, random.between(Math.round(lease * 1.3), Math.round(lease * 3)));
      return victim.name;
    },
  },
  {
    name: 'clock',
    description: 'the clock of a process moved by up to five minutes, ahead or back',
    engines: ['sqlite'],
    pause: [1_000, 4_000],
    troublesStore: false,
    async inject({ fleet }, random) {
      const victim = someone(fleet.living(), random);
      if (!victim) return undefined;
      victim.order({ order: 'move-clock', offset: random.between(-MAX_CLOCK_OFFSET_MS, MAX_CLOCK_OFFSET_MS) });
      return victim.name;
    },
  },
  {
    name: 'poison',
    description: 'a task enqueued that ends every process which runs it, until it is given up',
    engines: ['sqlite'],
    pause: [5_000, 12_000],
    troublesStore: false,
    async inject({ fleet }, random) {
      const producer = someone(producersOf(fleet), random);
      if (!producer) return undefined;
      producer.order({ order: 'poison' });
      return producer.name;
    },
  },
  {
    name: 'pause',
    description: 'a queue paused for 1 to 2.5 s by one process, and resumed by all',
    engines: ALL,
    pause: [3_000, 8_000],
    troublesStore: false,
    async inject({ fleet }, random) {
      const producer = someone(producersOf(fleet), random);
      if (!producer) return undefined;
      const queue = random.pick(QUEUES);
      producer.order({ order: 'pause', queue });
      await sleep(random.between(1_000, 2_500));
      for (const one of producersOf(fleet)) one.order({ order: 'resume', queue });
      return null;
    },
  },
  {
    name: 'lock',
    description:
      'the write lock of the file held by an outsider for 1 to 3 s (SQLITE_BUSY); half the times a producer that waits for it is killed',
    engines: ['sqlite'],
    pause: [3_000, 9_000],
    troublesStore: true,
    async inject(scene, random) {
      const unlock = sqlite(scene).lock();
      if (!unlock) return undefined;
      await sleep(random.between(1_000, 3_000));
      const victim = random.next() < 0.5 ? someone(producersOf(scene.fleet), random) : undefined;
      if (victim) scene.fleet.kill(victim);
      await victim?.exited;
      unlock();
      return null;
    },
  },
  {
    name: 'full',
    description: 'the disk full for up to 2 s (SQLITE_FULL)',
    engines: ['sqlite'],
    pause: [4_000, 12_000],
    troublesStore: true,
    unavailable: (store) => ((store as SqliteStore).disk ? null : 'this user may not mount a small disk'),
    async inject(scene, random) {
      const disk = sqlite(scene).disk!;
      disk.fill();
      await sleep(random.between(300, 2_000));
      disk.free();
      return null;
    },
  },
  {
    name: 'read-only',
    description: 'the folder of the file read-only for whoever opens it, while a process boots',
    engines: ['sqlite'],
    pause: [5_000, 14_000],
    troublesStore: true,
    async inject(scene, random) {
      const folder = dirname(sqlite(scene).file);
      const undo = makeReadOnly(folder, sqlite(scene).disk !== null);
      if (!undo) return undefined;
      const victim = someone(scene.fleet.living(), random);
      if (victim) scene.fleet.kill(victim);
      await sleep(random.between(500, 1_500));
      undo();
      return null;
    },
  },
  {
    name: 'io-error',
    description: 'writes and fsyncs of a process fail with EIO, one in five, for 1 to 2 s (libfiu)',
    engines: ['sqlite'],
    pause: [4_000, 10_000],
    troublesStore: true,
    unavailable: whyNoFailingIo,
    async inject({ fleet, folder }, random) {
      const victim = someone(fleet.ready(), random);
      if (!victim) return undefined;
      await breakIo(folder, victim.pid, 0.2);
      await sleep(random.between(1_000, 2_000));
      await mendIo(folder, victim.pid);
      return victim.name;
    },
  },
  {
    name: 'copy',
    description: 'the file copied while it is in use; the copy is sound and has all that was acknowledged before',
    engines: ['sqlite'],
    pause: [6_000, 15_000],
    troublesStore: true,
    async inject(scene) {
      const before = steadyNow();
      const copied = await sqlite(scene).copy();
      const missing = readLedger(scene.ledger).find(
        (entry) =>
          entry.event === 'acknowledged' &&
          entry.at < before &&
          // Such a task may have run and be gone.
          entry.asked.name !== 'brief' &&
          !copied.has(entry.task),
      );
      if (missing) throw new Error(`The copy lacks what was acknowledged before: ${JSON.stringify(missing)}`);
      return null;
    },
  },
  {
    name: 'server-kill',
    description: 'SIGKILL of the server, which starts again on its data',
    engines: SERVERS,
    pause: [6_000, 14_000],
    troublesStore: true,
    async inject(scene, random) {
      await server(scene).server.kill();
      await sleep(random.between(0, 1_000));
      await server(scene).server.restart();
      return null;
    },
  },
  {
    name: 'server-restart',
    description: 'the server restarted in order',
    engines: SERVERS,
    pause: [8_000, 16_000],
    troublesStore: true,
    async inject(scene) {
      await server(scene).server.restart();
      return null;
    },
  },
  {
    name: 'cut',
    description: 'every connection to the server cut at once',
    engines: SERVERS,
    pause: [2_000, 6_000],
    troublesStore: true,
    async inject(scene) {
      server(scene).proxy.dropAll();
      return null;
    },
  },
  {
    name: 'refuse',
    description: 'no connection to the server for up to 2 s',
    engines: SERVERS,
    pause: [4_000, 10_000],
    troublesStore: true,
    async inject(scene, random) {
      server(scene).proxy.refuse();
      await sleep(random.between(300, 2_000));
      server(scene).proxy.forward();
      return null;
    },
  },
  {
    name: 'slow',
    description: 'everything to and from the server late by up to 300 ms, for 1 s',
    engines: SERVERS,
    pause: [4_000, 10_000],
    troublesStore: true,
    async inject(scene, random) {
      server(scene).proxy.delay(random.between(50, 300));
      await sleep(1_000);
      server(scene).proxy.delay(0);
      return null;
    },
  },
];

/**
 * Whoever opens a file there from now on cannot write it; those who have it open can. Root may write what its mode
 * forbids, so there the folder is mounted read-only over itself. Returns what undoes it, or null where it cannot be done now.
 */
function makeReadOnly(folder: string, mounts: boolean): (() => void) | null {
  if (!mounts) {
    chmodSync(folder, 0o555);
    return () => chmodSync(folder, 0o755);
  }
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' });
  const undo = () => void run('umount', '--lazy', folder);
  run('mount', '--bind', folder, folder);
  try {
    run('mount', '-o', 'remount,ro,bind', folder);
  } catch {
    // A process opened a file there between the two steps.
    undo();
    return null;
  }
  return undo;
}
