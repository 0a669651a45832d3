import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { librarySources, roomOf, type Source } from './sources.js';

const sources = librarySources();
const paths = new Set(sources.map(({ path }) => path));

/** Words of stores: whoever uses one knows which store there is. */
const STORES =
  /bullmq|redis|sqlite|postgres|mysql|mariadb|\bSELECT\b|\bINSERT INTO\b|\bDELETE FROM\b|\bUPDATE \w+ SET\b/gi;
/** The engines, the outbox for the tables of the app's own database, and what the package exports by name. */
const KNOWS_STORES = /^lib\/(?:engine|outbox)\/|^lib\/index\.ts$/;

describe('The library', () => {
  it('is read as a whole', () => {
    expect(sources.length).toBeGreaterThan(150);
    const imports = sources.flatMap((source) => source.imports.map(({ to }) => to));
    expect(imports.length).toBeGreaterThan(500);
    expect(imports.filter((to) => !paths.has(to) && !existsSync(to))).toEqual([]);
  });

  it('names SQL, Redis and BullMQ in its engines and its outbox alone', () => {
    const found = sources
      .filter(({ path }) => !KNOWS_STORES.test(path))
      .flatMap(({ path, code }) => (code.match(STORES) ?? []).map((word) => `${path}: ${word}`));
    expect(found).toEqual([]);
    // The rule would find them: the engines are full of them.
    expect(sources.some(({ path, code }) => KNOWS_STORES.test(path) && code.match(STORES))).toBe(true);
  });

  it('enters its folders by their doors', () => {
    const found = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ to, isType }) => !isType && roomOf(to) !== null && roomOf(to) !== roomOf(path))
        .filter(({ to }) => !to.endsWith('/index.ts'))
        // By its folder's door, the types of a driver would come along: an app need not have them.
        .filter(({ to }) => path !== 'lib/index.ts' || to !== 'lib/engine/sqlite/backup/backup-tasks.ts')
        .map(({ to }) => `${path} -> ${to}`),
    );
    expect(found).toEqual([]);
  });

  it('has no cycle of files', () => {
    expect(cycles(graphOf(sources, (path) => path))).toEqual([]);
  });

  it('has no cycle of folders', () => {
    expect(cycles(graphOf(sources, roomOf))).toEqual([]);
    const broken = [loading('lib/a/x.ts', 'lib/b/index.ts'), loading('lib/b/y.ts', 'lib/a/index.ts')];
    expect(cycles(graphOf(broken, roomOf))).toEqual(['a -> b -> a']);
  });
});

function loading(path: string, to: string): Source {
  return { path, code: '', imports: [{ to, isType: false }] };
}

/** What loads what; types load nothing. */
function graphOf(all: readonly Source[], nodeOf: (path: string) => string | null): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of all) {
    const from = nodeOf(path);
    if (from === null) continue;
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { to, isType } of imports) {
      const target = nodeOf(to);
      if (!isType && target !== null && target !== from) targets.add(target);
    }
  }
  return graph;
}

function cycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]): void => {
    const at = trail.indexOf(node);
    if (at !== -1) found.push([...trail.slice(at), node].join(' -> '));
    else if (!done.has(node)) {
      for (const next of graph.get(node) ?? []) walk(next, [...trail, node]);
      done.add(node);
    }
  };
  for (const node of graph.keys()) walk(node, []);
  return found;
}
