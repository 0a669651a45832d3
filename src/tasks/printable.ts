/** What a terminal takes for a command, or does not show: texts of tasks are other people's. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text on one line of a terminal, whatever is in it. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}

/** A value as JSON on one line, cut off where it is long. */
export function shownJson(value: unknown, length = 200): string {
  const json = JSON.stringify(value) ?? 'null';
  return printable(json.length > length ? `${json.slice(0, length)}… (${json.length} characters)` : json);
}

/** A time as a person and a program read it. */
export function shownTime(at: number | null): string {
  return at === null ? '-' : new Date(at).toISOString();
}

/** Rows with their cells one below the other. */
export function columns(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
