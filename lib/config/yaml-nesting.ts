import { type CST, type LineCounter, Parser } from 'yaml';

/**
 * The offset of the first value in `text` that is nested deeper than `most` levels, null where there is none. It is found
 * without recursion: what composes the document recurses, and Node itself dies of a regular expression that is compiled
 * where the stack is nearly full.
 *
 * @param lines learns where each line begins
 */
export function nestedDeeperThan(most: number, text: string, lines: LineCounter): number | null {
  for (const document of new Parser(lines.addNewLine).parse(text)) {
    let level: readonly CST.Token[] = [document];
    for (let depth = 0; level.length > 0; depth += 1) {
      if (depth > most) return level[0]!.offset;
      level = level.flatMap(valuesIn);
    }
  }
  return null;
}

function valuesIn(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((one) => one != null));
}
