import type { TaskFilter } from '../../engine/index.js';

/** Ids that are named one by one. */
const MOST_IDS = 5;

/** What a bulk action was for, in words. */
export function targetText(target: { readonly ids?: readonly string[]; readonly filter?: TaskFilter }): string {
  const { ids, filter = {} } = target;
  if (!ids)
    return Object.entries(filter)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(' ');
  const rest = ids.length - MOST_IDS;
  return `${ids.slice(0, MOST_IDS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
