import { closeSync, openSync, readSync, type Stats } from 'node:fs';
import { sleep } from '../../../clock/index.js';
import { FileHeader, LogIndex, readAt, statOf } from './raw-files.js';

/** Places in the log. */
const LOG = { header: 32, pageBytes: 8, salts: 16, frameHeader: 24, committedPages: 4, frameSalts: 8 };
/** Frames that are looked at, 1 GiB of them: more than a log has that nobody keeps from beginning anew. */
const MAX_FRAMES = 262_144;
/** Pages that are compared. */
const MAX_PAGES = 1_000;
/** Somebody who works on the file has written something by then. */
const LOOK_AGAIN_AFTER_MS = 20;

/** Why a log does not belong to a file: `younger` is not known for sure. */
export type Strangeness = 'other pages' | 'younger';

/**
 * Why a log that lies beside a file, of which nobody has told SQLite yet, does not belong to it; null where it does. SQLite
 * itself does not ask: it would put the pages of the one into the other.
 *
 * What was copied from the log into the file is in both. A file that was put there since has other pages; one that was put
 * there before anything was copied is younger than what was written to the log last.
 */
export async function strangenessOfLog(path: string): Promise<Strangeness | null> {
  const before = look(path);
  if (!before || strangenessOf(path, before) === null) return null;
  await sleep(LOOK_AGAIN_AFTER_MS);
  const after = look(path);
  if (!after) return null;
  const isAtRest = after.file.mtimeMs === before.file.mtimeMs && after.log.mtimeMs === before.log.mtimeMs;
  // Whoever works on the file watches it, and its pages may be half written just now.
  return isAtRest ? strangenessOf(path, after) : null;
}

interface Files {
  readonly file: Stats;
  readonly log: Stats;
}

/** Null where there is no log with anything in it, or no file. */
function look(path: string): Files | null {
  const [log, file] = [statOf(`${path}-wal`), statOf(path)];
  return !log || !file || log.size <= LOG.header || file.size === 0 ? null : { file, log };
}

function strangenessOf(path: string, { file, log }: Files): Strangeness | null {
  const header = FileHeader.read(path, file);
  if (!header) return null;
  if (!header.hasLog) return 'other pages';
  const pages = comparePages(path, file);
  if (pages.differ) return 'other pages';
  return pages.same > 0 || pages.none || file.mtimeMs <= log.mtimeMs ? null : 'younger';
}

interface Compared {
  /** Pages of the file that are as they stand in the log. */
  readonly same: number;
  /** Whether one is not that was copied from there. */
  readonly differ: boolean;
  /** Whether there was nothing to compare. */
  readonly none: boolean;
}

/** Compares pages of the file with what the log has of them. */
export function comparePages(path: string, file: Stats): Compared {
  const shared = readIndex(path);
  const log = openLog(path);
  if (log === null) return { same: 0, differ: false, none: true };
  try {
    const { bytes, salts, frames, isWhole } = framesOf(log);
    const copied = isWhole && shared?.salts.equals(salts) ? shared.copied : 0;
    let [same, compared] = [0, 0];
    for (const [page, places] of frames) {
      const stored = readAt(path, file, (page - 1) * bytes, bytes);
      if (!stored) continue;
      if ((compared += 1) > MAX_PAGES) break;
      const isSame = places.some((frame) => stored.equals(readFrame(log, frame, bytes)));
      if (isSame) same += 1;
      // SQLite leaves out a page that was written again after what a reader lets it copy, and counts its first frame as copied.
      else if (places.at(-1)! < copied) {
        // What somebody wrote and copied meanwhile is in neither list.
        const isAtRest = readIndex(path)?.isSameAs(shared!) ?? false;
        return { same, differ: isAtRest, none: false };
      }
    }
    return { same, differ: false, none: compared === 0 };
  } finally {
    // SQLite has no locks on a log.
    closeSync(log);
  }
}

function readIndex(path: string): LogIndex | null {
  const index = statOf(`${path}-shm`);
  return index && LogIndex.read(`${path}-shm`, index);
}

/** Null where it is gone by now: whoever closed the file last has taken it away. */
function openLog(path: string): number | null {
  try {
    return openSync(`${path}-wal`, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

interface Frames {
  /** Of a page. */
  readonly bytes: number;
  readonly salts: Buffer;
  /** Numbers of frames, from 0, by page. */
  readonly frames: Map<number, number[]>;
  /** False where the log has more frames than are looked at. */
  readonly isWhole: boolean;
}

/** The frames of the log up to the last commit. */
function framesOf(log: number): Frames {
  const header = Buffer.alloc(LOG.header);
  readSync(log, header, 0, LOG.header, 0);
  const bytes = header.readUInt32BE(LOG.pageBytes);
  const salts = header.subarray(LOG.salts, LOG.salts + 8);
  const frames = new Map<number, number[]>();
  const head = Buffer.alloc(LOG.frameHeader);
  let transaction: Array<readonly [page: number, frame: number]> = [];
  let frame = 0;
  for (; frame < MAX_FRAMES; frame += 1) {
    const read = readSync(log, head, 0, LOG.frameHeader, placeOf(frame, bytes));
    if (read < LOG.frameHeader || !head.subarray(LOG.frameSalts, LOG.frameSalts + 8).equals(salts)) break;
    transaction.push([head.readUInt32BE(0), frame]);
    if (head.readUInt32BE(LOG.committedPages) === 0) continue;
    for (const [page, place] of transaction) {
      const places = frames.get(page);
      if (places) places.push(place);
      else frames.set(page, [place]);
    }
    transaction = [];
  }
  return { bytes, salts, frames, isWhole: frame < MAX_FRAMES };
}

function readFrame(log: number, frame: number, bytes: number): Buffer {
  const page = Buffer.alloc(bytes);
  readSync(log, page, 0, bytes, placeOf(frame, bytes) + LOG.frameHeader);
  return page;
}

function placeOf(frame: number, bytes: number): number {
  return LOG.header + frame * (LOG.frameHeader + bytes);
}
