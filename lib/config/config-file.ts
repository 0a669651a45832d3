import { readFileSync, statSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import { DEFAULT_CONFIG_FILE, DEFAULT_NAME } from './defaults.js';
import { nestedDeeperThan } from './yaml-nesting.js';
import { type OptionsSource, shownNumber, shownValue, toSnakeCase } from '../checks/index.js';

const MAX_FILE_BYTES = 1_024 ** 2;
/** Aliases may be used this often in all, so that a small file cannot unfold into a huge one. */
const MAX_ALIASES = 100;
/** Levels of lists and mappings in each other. */
const MAX_DEPTH = 100;
/** Each key is compared with all before it: this ends a mapping of 100,000 keys, and takes part of a second. */
const MAX_KEY_COMPARISONS = 20_000_000;

/** The section of the configuration file that one module reads. */
export interface ConfigSection {
  readonly source: OptionsSource;
  /** Key of the section, `tasks` for the default module. */
  readonly key: string;
  /** As it stands in the file, mappings as `Map`. */
  readonly value: unknown;
}

/**
 * Reads the section of one module. The rest of the file belongs to the app and is not looked at.
 *
 * @param file path from the working directory; undefined: `config/config.yaml` where it exists; false: none
 * @param name of the module
 * @param problems takes what is wrong with the file, each with file and line
 * @returns null where there is nothing to read, or where it cannot be read
 */
export function readConfigSection(
  file: string | false | undefined,
  name: string,
  problems: string[],
): ConfigSection | null {
  if (file === false) return null;
  const path = file ?? DEFAULT_CONFIG_FILE;
  const text = readText(path, file !== undefined, problems);
  return text === null ? null : parseSection(path, text, sectionKey(name), problems);
}

/** `tasks`, or `tasks_<name>` for a module with a name. */
export function sectionKey(name: string): string {
  return name === DEFAULT_NAME ? 'tasks' : `tasks_${toSnakeCase(name)}`;
}

function readText(path: string, required: boolean, problems: string[]): string | null {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) {
      problems.push(`${path}: is not a file.`);
      return null;
    }
    if (stats.size > MAX_FILE_BYTES) {
      problems.push(`${path}: has ${shownNumber(stats.size)} bytes; at most ${shownNumber(MAX_FILE_BYTES)} are read.`);
      return null;
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    if (missing && !required) return null;
    if (missing) problems.push(`${path}: does not exist (looked for from ${process.cwd()}).`);
    else if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') problems.push(`${path}: is not valid UTF-8.`);
    else problems.push(`${path}: cannot be read: ${(error as Error).message}.`);
    return null;
  }
}

/** The place at `offset` of the text, as errors call it: file and line. */
type Locate = (offset: number | undefined) => string;

function parseSection(path: string, text: string, key: string, problems: string[]): ConfigSection | null {
  const lines = new LineCounter();
  const at: Locate = (offset) => (offset === undefined ? path : `${path}:${lines.linePos(offset).line || 1}`);
  const tooDeep = nestedDeeperThan(MAX_DEPTH, text, lines);
  if (tooDeep !== null) {
    problems.push(`${at(tooDeep)}: lists and mappings stand in each other more than ${MAX_DEPTH} levels deep.`);
    return null;
  }
  let document: Document.Parsed;
  try {
    // `logLevel: 'silent'` would let a second document pass; `error` prints nothing either.
    const options = { version: '1.2', merge: true, prettyErrors: false, logLevel: 'error' } as const;
    document = parseDocument(text, { ...options, uniqueKeys: boundedComparison() });
  } catch (error) {
    // A mapping of too many keys.
    problems.push(`${path}: cannot be read: ${sentence((error as Error).message)}`);
    return null;
  }
  for (const error of document.errors) problems.push(`${at(error.pos[0])}: ${sentence(error.message)}`);
  return document.errors.length > 0 ? null : findSection(document, key, at, problems);
}

/** Compares keys as the parser does by itself. */
function boundedComparison(): (a: unknown, b: unknown) => boolean {
  let count = 0;
  return (a, b) => {
    if (++count > MAX_KEY_COMPARISONS) throw new Error('A mapping has too many keys.');
    return a === b || (isScalar(a) && isScalar(b) && a.value === b.value);
  };
}

function findSection(document: Document.Parsed, key: string, at: Locate, problems: string[]): ConfigSection | null {
  const root: unknown = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return null;
  if (!isMap(root)) {
    problems.push(`${at(0)}: must be a mapping with a section "${key}".`);
    return null;
  }
  if (!root.has(key)) {
    reportLookalike(root, key, at, problems);
    return null;
  }
  const section = root.get(key, true) as Node | undefined;
  const start = offsetOf(document, root, [key]) ?? 0;
  const end = section?.range?.[1] ?? start;
  // A tag that nobody knows would pass its node on as if it had none.
  const warnings = document.warnings.filter(({ pos: [offset] }) => offset >= start && offset < end);
  for (const warning of warnings) problems.push(`${at(warning.pos[0])}: ${sentence(warning.message)}`);
  try {
    const source: OptionsSource = { spelling: 'snake', label: (keys) => at(offsetOf(document, root, keys)) };
    return { key, value: unfold(section, document), source };
  } catch (error) {
    // Too many aliases, or one of nothing.
    problems.push(`${at(start)}: cannot be read: ${sentence((error as Error).message)}`);
    return null;
  }
}

function unfold(section: Node | undefined, document: Document): unknown {
  // As `Map`, so that no key can reach a prototype.
  return section?.toJS(document, { mapAsMap: true, maxAliasCount: MAX_ALIASES });
}

/** `Tasks` or `tasks-reports` would otherwise be passed over without a word. */
function reportLookalike(root: YAMLMap, key: string, at: Locate, problems: string[]): void {
  for (const { key: node } of root.items) {
    if (!isScalar(node) || typeof node.value !== 'string') continue;
    const given = node.value;
    if (given.toLowerCase().replaceAll('-', '_') === key) {
      problems.push(`${at(node.range?.[0])}: ${shownValue(given)} is not read. Did you mean "${key}"?`);
    }
  }
}

/** Offset of the key at the end of `path`, or of the nearest one above it that stands in the text. */
function offsetOf(document: Document, root: YAMLMap, path: readonly string[]): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (!pair) break;
    offset = (pair.key as Node).range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

function sentence(message: string): string {
  return /[.?!]$/.test(message) ? message : `${message}.`;
}
