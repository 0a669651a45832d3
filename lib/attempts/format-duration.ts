const UNITS = [
  ['d', 24 * 60 * 60 * 1_000],
  ['h', 60 * 60 * 1_000],
  ['m', 60 * 1_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** `1h30m`: milliseconds as an option takes them. Exact, where `ms` would round `90s` to `2m`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.max(0, Math.round(milliseconds));
  let text = '';
  for (const [unit, size] of UNITS) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text === '' ? '0ms' : text;
}
