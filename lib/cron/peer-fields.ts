/** The values that a field of an expression may hold. `7` is Sunday too. */
interface FieldRange {
  readonly low: number;
  readonly high: number;
  readonly names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const MINUTE: FieldRange = { low: 0, high: 59, names: [] };
const HOUR: FieldRange = { low: 0, high: 23, names: [] };
const DAY: FieldRange = { low: 1, high: 31, names: [] };
const MONTH: FieldRange = { low: 1, high: 12, names: MONTHS };
const WEEKDAY: FieldRange = { low: 0, high: 7, names: WEEKDAYS };

const FIVE_FIELDS = [MINUTE, HOUR, DAY, MONTH, WEEKDAY];
const FIELDS: Readonly<Record<number, readonly FieldRange[]>> = { 5: FIVE_FIELDS, 6: [MINUTE, ...FIVE_FIELDS] };

const PART = /^(?<from>\*|\?|\w+)(?:-(?<to>\w+))?(?:\/(?<step>\d+))?$/;

/**
 * The expression in words that croner reads as the `cron` package does, which Nest's own runner evaluates with:
 *
 * - A field that covers everything is `*`: a day of month of `1/1`, `1-31` or `?` restricts nothing, so that the weekday
 *   alone decides. Croner goes by how the field is written.
 * - A step from a weekday on ends with Sunday: `1/3` is Monday, Thursday and Sunday.
 * - A step beyond the field leaves its first value: a minute of `0/90` is each full hour. Croner refuses it.
 */
export function asPeerReads(expression: string): string {
  const fields = expression.split(/\s+/);
  const ranges = FIELDS[fields.length];
  if (!ranges) return expression;
  return fields
    .map((field, at) => {
      const range = ranges[at]!;
      if (isFull(field, range)) return '*';
      const read = range === WEEKDAY ? field.replace(/(?<=^|,)(\w+)\/(?=\d)/g, '$1-7/') : field;
      return read.replace(/(?<=\/)\d+/g, (step) => String(Math.min(Number(step), mostSteps(range))));
    })
    .join(' ');
}

/** Croner takes no larger one. */
function mostSteps(range: FieldRange): number {
  return range === WEEKDAY ? range.high : range.high - range.low + 1;
}

/** False for what cannot be read too: croner says what is wrong with it. */
function isFull(field: string, range: FieldRange): boolean {
  const covered = new Set<number>();
  for (const part of field.toLowerCase().split(',')) {
    const values = valuesOf(part, range);
    if (!values) return false;
    for (const value of values) covered.add(range === WEEKDAY ? value % 7 : value);
  }
  return covered.size === (range === WEEKDAY ? 7 : range.high - range.low + 1);
}

function valuesOf(part: string, range: FieldRange): number[] | null {
  const { from, to, step } = PART.exec(part)?.groups ?? {};
  if (from === undefined || Number(step) === 0) return null;
  const isStar = from === '*' || from === '?';
  const first = isStar ? range.low : valueOf(from, range);
  const last = to !== undefined ? valueOf(to, range) : isStar || step !== undefined ? range.high : first;
  if (first === null || last === null || first > last) return null;
  const size = Number(step ?? 1);
  return Array.from({ length: Math.floor((last - first) / size) + 1 }, (_, at) => first + at * size);
}

function valueOf(text: string, { low, high, names }: FieldRange): number | null {
  const named = names.indexOf(text);
  const value = named >= 0 ? named + low : /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= low && value <= high ? value : null;
}
