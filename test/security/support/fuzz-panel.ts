import { tmpdir } from 'node:os';
import fc from 'fast-check';
import type { AdminApp } from '../../admin/support/admin-app.js';
import { answerFaults, type AnswerRules } from './answer-faults.js';
import { hostileRequest, SECRET } from './hostile.js';
import { send } from './send.js';

const RULES: AnswerRules = { secrets: [SECRET], folders: [process.cwd(), tmpdir()] };

export interface Fuzzed {
  /** The smallest request found that was answered with a fault, with seed and path to repeat it; null where none was. */
  readonly failure: string | null;
  readonly statuses: ReadonlySet<number>;
}

/** Tasks whose params hold the secret; their ids. */
export async function storeSecrets({ dispatcher }: AdminApp): Promise<string[]> {
  const cards = Array.from({ length: 20 }, (_, index) => `${SECRET}-${index}`);
  const tasks = await Promise.all(cards.map((card) => dispatcher.queue('default', 'order', { amount: 1, card })));
  return tasks.map(({ id }) => id);
}

/**
 * Sends hostile requests one after another and looks at each answer, and at whether a refused one changed anything.
 * @param ids of tasks that there are
 * @param runs how many requests
 */
export async function fuzzPanel(app: AdminApp, ids: readonly string[], runs: number): Promise<Fuzzed> {
  const statuses = new Set<number>();
  const property = fc.asyncProperty(hostileRequest(ids), async (request) => {
    const before = await stored(app);
    const answer = await send(app.port, request);
    statuses.add(answer.status);
    const faults = answerFaults(request, answer, RULES);
    if (answer.status >= 400 && (await stored(app)) !== before) faults.push('changed something and refused');
    if ('polluted' in {}) faults.push('polluted the prototype of all objects');
    if (faults.length > 0) throw new Error(`${faults.join('; ')} in ${answer.status} ${answer.text.slice(0, 500)}`);
  });
  const details = await fc.check(property, { numRuns: runs });
  if (!details.failed) return { failure: null, statuses };
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : '';
  return { failure: `${cause}\n${fc.defaultReportMessage(details)}`, statuses };
}

/** All that a request could change. */
async function stored(app: AdminApp): Promise<string> {
  const queues = (await app.dispatcher.stats()).map(({ queue, counts, paused }) => ({ queue, counts, paused }));
  const crons = (await app.crons.list()).map(({ name, paused }) => ({ name, paused }));
  const { items: audit } = (await app.get('audit?limit=1')).body as { items: unknown[] };
  return JSON.stringify({ queues, crons, audit });
}
