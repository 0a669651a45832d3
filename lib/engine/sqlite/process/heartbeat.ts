import { mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { wallTime } from '../../../clock/index.js';
import { IN_MEMORY } from '../store/database-path.js';

const FOLDER = '-workers';

/** Where the heartbeats of a store are kept; null where no other process can share it. */
export function heartbeatFolder(path: string): string | null {
  return path === IN_MEMORY ? null : path + FOLDER;
}

/**
 * Runs in a thread of its own, so that a handler that blocks the event loop does not stop the heart. Given as text,
 * because a path to a file would have to hold in ESM, CommonJS and bundles alike.
 */
const BEAT = `
  const { workerData } = require('node:worker_threads');
  const { closeSync, mkdirSync, openSync, utimesSync } = require('node:fs');
  const { dirname } = require('node:path');
  const { file, interval, folderMode } = workerData;
  const beat = () => {
    const now = new Date();
    utimesSync(file, now, now);
  };
  setInterval(() => {
    try {
      beat();
    } catch {
      // Somebody tidied up.
      try {
        mkdirSync(dirname(file), { recursive: true, mode: folderMode });
        closeSync(openSync(file, 'a', folderMode & 0o666));
        beat();
      } catch {}
    }
  }, interval);
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
    const folderMode = folderModeOf(folder);
    mkdirSync(folder, { recursive: true, mode: folderMode });
    const heartbeat = new Heartbeat(fileOf(folder, id));
    writeFileSync(heartbeat.file, '', { mode: folderMode & 0o666 });
    heartbeat.thread = new Worker(BEAT, {
      eval: true,
      workerData: { file: heartbeat.file, interval, folderMode },
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    heartbeat.thread.unref();
    return heartbeat;
  }

  /** Beats now, where the thread may not have come to it yet. */
  beat(): void {
    const now = wallTime() / 1_000;
    try {
      utimesSync(this.file, now, now);
    } catch {
      // Somebody tidied up: the thread makes it anew.
    }
  }

  async stop(): Promise<void> {
    await this.thread?.terminate();
    remove(this.file);
  }

  /** A value that changes with every beat; null where there is no file, `unreadable` where that cannot be told. */
  static read(folder: string, id: string): number | null | 'unreadable' {
    try {
      return statSync(fileOf(folder, id)).mtimeMs;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'unreadable';
    }
  }

  static forget(folder: string, id: string): void {
    remove(fileOf(folder, id));
  }
}

/** A heartbeat that nobody is registered for says nothing, so one that cannot be removed may stay. */
function remove(file: string): void {
  try {
    rmSync(file);
  } catch {
    // It is gone, or in a read-only folder.
  }
}

/** Open to those to whom the database is: who may read that may look into the folder. */
export function folderModeOf(folder: string): number {
  const database = statSync(folder.slice(0, -FOLDER.length), { throwIfNoEntry: false });
  const mode = (database?.mode ?? 0o600) & 0o666;
  return mode | ((mode & 0o444) >> 2);
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.alive`);
}
