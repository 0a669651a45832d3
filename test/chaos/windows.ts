/** A span of the steady time, in microseconds. */
export interface Window {
  readonly from: number;
  readonly until: number;
}

/** What is left of `whole` without `holes`, in the order of time. */
export function without(whole: Window, holes: readonly Window[]): Window[] {
  const left: Window[] = [];
  let from = whole.from;
  for (const hole of [...holes].sort((one, other) => one.from - other.from)) {
    if (hole.until < from || hole.from > whole.until) continue;
    if (hole.from > from) left.push({ from, until: hole.from });
    from = Math.max(from, hole.until);
  }
  if (from < whole.until) left.push({ from, until: whole.until });
  return left;
}
