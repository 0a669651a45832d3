import { messageOf } from '../../lib/contract/index.js';
import { CliError } from '../cli/usage-error.js';
import { type Row, rowOf } from './canonical-row.js';
import { assertFits } from './move-claim.js';
import { bookReport, named, stopFirst, tallyOf } from './move.js';
import type { OpenStore } from './open-store.js';
import type { StoreAddress } from './store-address.js';
import { compare, differences, Tally } from './tally.js';
import { holdsStore } from './target-store.js';

/** Ids that are asked after together. */
const BATCH = 500;

/**
 * What a move would take along, and whether it could begin and come to its end; writes nothing.
 * @param openTarget is called where the target is a store already
 * @throws CliError where it could not
 */
export async function dryRun(
  source: OpenStore,
  address: StoreAddress,
  openTarget: () => Promise<OpenStore>,
): Promise<string> {
  const target = await openWhereThere(address, openTarget);
  try {
    return await look(source, target ?? { shown: address.shown, store: null });
  } finally {
    await target?.store.close();
  }
}

async function openWhereThere(address: StoreAddress, openTarget: () => Promise<OpenStore>): Promise<OpenStore | null> {
  try {
    return (await holdsStore(address)) ? await openTarget() : null;
  } catch (error) {
    throw new CliError(`${address.shown} cannot be used: ${messageOf(error)}`);
  }
}

async function look(source: OpenStore, { shown, store }: OpenStore | { shown: string; store: null }): Promise<string> {
  const mark = await source.store.readMark();
  assertFits(source, { shown }, mark, (await store?.readMark()) ?? null);
  // One that has all its tasks may be worked on.
  const target = mark?.phase === 'moved' ? null : store;
  const inTheWay = [
    ...[...(await source.store.workers()), ...(await source.store.unmovable())].map((one) => `${source.shown}: ${one}`),
    ...((await target?.workers()) ?? []).map((one) => `${shown}: ${one}`),
  ];
  if (inTheWay.length > 0) throw new CliError(stopFirst(inTheWay));
  const at = mark?.at ?? Date.now();
  const tally = await tallyOf(source, at, () => true);
  if (target) await assertNoOthers(tally, { shown, store: target }, at);
  const book = bookReport(await source.store.exportBook());
  const [table] = compare(tally, new Tally()).split('\nsource sha256:');
  return [table!.replaceAll(/ +\S+$/gm, ''), book, `Nothing was written to ${shown}.`].join('\n');
}

/** A task of the target that has the id of one that is to come would keep the move from its end. */
async function assertNoOthers(wanted: Tally, { shown, store }: OpenStore, at: number): Promise<void> {
  const there = new Tally();
  for await (const task of store.exportTasks()) if (wanted.get(task.id)) there.add(rowOf(task, at));
  const { unlike } = differences(wanted, there);
  const ended = await endedIn(store, [...wanted.all()]);
  if (unlike.length + ended.length === 0) return;
  throw new CliError(
    [
      `${shown} has other tasks with the same ids, and a move would stop at the comparison:`,
      ...named(unlike, 'is not the same in the target'),
      ...named(ended, 'has ended in the target'),
      'Delete those tasks on the side where they are not wanted.',
    ].join('\n'),
  );
}

async function endedIn(store: OpenStore['store'], rows: readonly Row[]): Promise<string[]> {
  const ended: string[] = [];
  for (let start = 0; start < rows.length; start += BATCH) {
    ended.push(...(await store.endedAmong(rows.slice(start, start + BATCH))));
  }
  return ended;
}
