import { createHash } from 'node:crypto';
import { MOVED_STATES } from '../../lib/engine/port/transfer-store.js';
import { isAlike, type Row } from './canonical-row.js';

/** The tasks of one side, by id. */
export class Tally {
  private readonly rows = new Map<string, Row>();

  add(row: Row): void {
    this.rows.set(row.id, row);
  }

  get(id: string): Row | undefined {
    return this.rows.get(id);
  }

  get size(): number {
    return this.rows.size;
  }

  all(): Iterable<Row> {
    return this.rows.values();
  }

  /** Number of tasks by queue and state. */
  counts(): Map<string, Map<string, number>> {
    const counts = new Map<string, Map<string, number>>();
    for (const { queue, state } of this.rows.values()) {
      let own = counts.get(queue);
      if (!own) counts.set(queue, (own = new Map()));
      own.set(state, (own.get(state) ?? 0) + 1);
    }
    return counts;
  }

  /** SHA-256 over the rows, in the order of their ids. */
  checksum(): string {
    const hash = createHash('sha256');
    for (const id of [...this.rows.keys()].toSorted()) hash.update(`${id} ${this.rows.get(id)!.digest}\n`);
    return hash.digest('hex');
  }
}

/** Ids of tasks that are not in both, or not alike. */
export function differences(source: Tally, target: Tally): { missing: string[]; unlike: string[] } {
  const missing: string[] = [];
  const unlike: string[] = [];
  for (const row of source.all()) {
    const other = target.get(row.id);
    if (!other) missing.push(row.id);
    else if (!isAlike(row, other)) unlike.push(row.id);
  }
  return { missing, unlike };
}

/** One line for each queue and state that either side has, and the checksums. */
export function compare(source: Tally, target: Tally): string {
  const [from, to] = [source.counts(), target.counts()];
  const rows = [['queue', 'state', 'source', 'target']];
  for (const queue of [...new Set([...from.keys(), ...to.keys()])].toSorted()) {
    for (const state of MOVED_STATES) {
      const [one, other] = [from.get(queue)?.get(state) ?? 0, to.get(queue)?.get(state) ?? 0];
      if (one > 0 || other > 0) rows.push([queue, state, String(one), String(other)]);
    }
  }
  rows.push(['total', '', String(source.size), String(target.size)]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) => {
    const cells = row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    return cells.join('  ');
  });
  return [...table, `source sha256:${source.checksum()}`, `target sha256:${target.checksum()}`].join('\n');
}
