import type { TaskFilter, TaskTags } from '../../contract/index.js';

/** Ids that are named one by one. */
const MAX_IDS = 5;

/** The target of a bulk action, in words. */
export function targetText(target: { readonly ids?: readonly string[]; readonly filter?: TaskFilter }): string {
  const { ids, filter = {} } = target;
  if (!ids)
    return Object.entries(filter)
      .flatMap(([key, value]) => (key === 'tags' ? tagTexts(value as TaskTags) : [`${key}=${String(value)}`]))
      .join(' ');
  const rest = ids.length - MAX_IDS;
  return `${ids.slice(0, MAX_IDS).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function tagTexts(tags: TaskTags): string[] {
  return Object.entries(tags).map(([name, value]) => `tag=${name}:${value}`);
}
