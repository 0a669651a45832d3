import type { ErrorGroup } from '../api-types.js';
import { api } from '../api.js';
import { act } from '../core/act.js';
import { fromHere } from '../core/place.js';
import { ask } from '../ui/dialog.js';
import { count } from '../format.js';
import { countMatching } from '../task-query.js';

/** Asks with the number of what will be done, every failed task of the group, of whatever queue; and does it. */
export async function retryGroup({ key, name, error }: ErrorGroup): Promise<void> {
  const isHere = fromHere();
  const number = await countMatching('retry', new URLSearchParams({ error: key }), []);
  if (!isHere()) return;
  const isSure = await ask({
    title: `Retry: ${number} ${number === '1' ? 'task' : 'tasks'}?`,
    text: `All failed tasks ${name} with “${error.name}: ${error.message}” run again.`,
    confirm: `Retry ${number}`,
    isHarmless: true,
  });
  if (!isSure) return;
  await act(
    () => api.bulk('retry', { filter: { error: key } }),
    ({ changed, refused }) => `Retry: ${count(changed)} changed, ${count(refused.length)} refused`,
  );
}
