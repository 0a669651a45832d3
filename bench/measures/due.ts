import { sleep } from '../clock.js';
import type { ContestantInfo } from '../contestant.js';
import { LIBRARY } from '../contestants/index.js';
import type { Context } from '../context.js';
import type { Measure } from '../measure.js';
import { fillStore, storedCount } from '../store/fill.js';

const CONCURRENCY = 10;
/** What is drained meanwhile. */
const WAITING = 500_000;
/** Start of the process before the tasks are due, and how long the time before is looked at. */
const BOOT_MS = 3_000;
const BEFORE_MS = 1_000;
const MAX_MS = 240_000;
const LOOK_EVERY_MS = 250;

export const due: Measure = {
  name: 'due',
  title: '1,000,000 due at the same moment',
  about:
    'While other tasks are drained, 10 at once: the longest time between the starts of two handlers in the second before, ' +
    'and from then until none is scheduled any more; and how long that took.',
  figures: [
    { id: 'due-before', title: 'longest pause before', unit: 'ms' },
    { id: 'due-pause', title: 'longest pause during', unit: 'ms' },
    { id: 'due-promoted', title: 'all promoted after', unit: 's' },
  ],
  takesPart: ({ name }) => name === LIBRARY,
  async run(context) {
    const [library] = context.contestants;
    for (let round = 0; round < context.options.rounds; round += 1) {
      try {
        await promote(context, library!);
      } catch (error) {
        for (const { id } of this.figures) context.fail(id, library!, error);
        return;
      }
    }
  },
};

async function promote(context: Context, library: ContestantInfo): Promise<void> {
  const { file, at } = await filled(context, library, Math.ceil(1_000_000 / context.options.divisor));
  const child = context.spawn(library);
  try {
    await sleep(at - BOOT_MS - Date.now());
    await child.call('open', LIBRARY, file, false);
    await child.call('start', CONCURRENCY, { kind: 'no-op' });
    await sleep(at - BEFORE_MS - Date.now());
    await child.call('resetGap');
    await sleep(at - 50 - Date.now());
    const before = await child.call('tally');
    await child.call('resetGap');
    while (storedCount(file, 'scheduled') > 0) {
      if (Date.now() > at + MAX_MS) throw new Error('the tasks were not promoted within four minutes');
      await sleep(LOOK_EVERY_MS);
    }
    const promoted = Date.now() - at;
    const during = await child.call('tally');
    await child.call('expectNoneTwice');
    context.note('due-before', library, before.longestGap);
    context.note('due-pause', library, during.longestGap);
    context.note('due-promoted', library, promoted / 1_000);
  } finally {
    await child.end();
    await context.stores.remove(file);
  }
}

/** A store whose scheduled tasks are due soon after it is filled. */
async function filled(
  context: Context,
  library: ContestantInfo,
  scheduled: number,
): Promise<{ file: string; at: number }> {
  const waiting = Math.ceil(WAITING / context.options.divisor);
  for (let ahead = BOOT_MS + 1_000 + scheduled / 80; ; ahead *= 2) {
    const file = await context.stores.empty(library);
    const at = Date.now() + Math.ceil(ahead);
    // These run, so their indexes follow on those that wait.
    await fillStore(file, { finished: 0, scheduled, waiting }, at, waiting);
    if (Date.now() < at - BOOT_MS) return { file, at };
    await context.stores.remove(file);
  }
}
