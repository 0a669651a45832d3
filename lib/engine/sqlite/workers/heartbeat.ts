import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/**
 * Runs in a thread of its own, so that a handler that blocks the event loop does not stop the heart. Given as text,
 * because a path to a file would have to hold in ESM, CommonJS and bundles alike.
 */
const BEAT = `
  const { workerData } = require('node:worker_threads');
  const { utimesSync } = require('node:fs');
  setInterval(() => {
    const now = new Date();
    try { utimesSync(workerData.file, now, now); } catch {}
  }, workerData.interval);
`;

/**
 * The sign of life of a process: a file beside the database whose modification time changes with every beat.
 *
 * A file, because the beat must go on when the database cannot be written: locked by somebody for seconds, or on a full
 * disk. Others watch it change and measure with their own steady clock, so that nobody's time of day matters.
 */
export class Heartbeat {
  private thread?: Worker;

  private constructor(private readonly file: string) {}

  /**
   * @param folder where heartbeats of this store are kept
   * @param id of the worker
   * @param interval milliseconds between beats
   */
  static start(folder: string, id: string, interval: number): Heartbeat {
    mkdirSync(folder, { recursive: true });
    const heartbeat = new Heartbeat(fileOf(folder, id));
    writeFileSync(heartbeat.file, '');
    heartbeat.thread = new Worker(BEAT, {
      eval: true,
      workerData: { file: heartbeat.file, interval },
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    heartbeat.thread.unref();
    return heartbeat;
  }

  async stop(): Promise<void> {
    await this.thread?.terminate();
    rmSync(this.file, { force: true });
  }

  /** A value that changes with every beat; null where the process left no sign. */
  static read(folder: string, id: string): number | null {
    return statSync(fileOf(folder, id), { throwIfNoEntry: false })?.mtimeMs ?? null;
  }

  static forget(folder: string, id: string): void {
    rmSync(fileOf(folder, id), { force: true });
  }
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.alive`);
}
