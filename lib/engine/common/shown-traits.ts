import type { TaskTraits } from '../../contract/index.js';

/** Traits as a reader sees them: an empty key is none. */
export function shownTraits(traits: TaskTraits | undefined): TaskTraits {
  if (traits?.key !== '') return traits ?? {};
  const { key: _key, ...others } = traits;
  return others;
}
