const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];
const plain = new Intl.NumberFormat('en');

export function numberText(value: number): string {
  return plain.format(Math.round(value));
}

export function quantity(value: number, noun: string): string {
  return `${numberText(value)} ${noun}${Math.round(value) === 1 ? '' : 's'}`;
}

/** `2h 5m`, `40s`: two units at most, whole seconds. */
export function length(milliseconds: number): string {
  const parts: string[] = [];
  let rest = Math.max(1_000, milliseconds);
  for (const [unit, size] of UNITS) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0) parts.push(`${whole}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** `48 %`; never 100 where some went well, nor 0 where some did not. @param share from 0 to 1 */
export function shareText(share: number): string {
  if (share > 0 && share < 0.01) return 'under 1 %';
  if (share > 0.99 && share < 1) return 'over 99 %';
  return `${Math.round(share * 100)} %`;
}
