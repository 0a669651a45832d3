import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const PAGE = 'lib/admin/page/client/';

/** The library's and the ready-made app's sources: not their tests, and not the panel's page, which is another program. */
export function sources(folders = ['lib', 'src']) {
  return read(folders, (path) => !path.startsWith(PAGE) && path !== 'lib/admin/page/page.assets.ts');
}

/** The sources of the panel's page. */
export function pageSources() {
  return read([PAGE], () => true);
}

function read(folders, isWanted) {
  return folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((path) => /\.tsx?$/.test(path) && !/\.(?:spec|d)\.ts$/.test(path) && isWanted(path))
    .toSorted()
    .map((path) => {
      const code = withoutComments(readFileSync(path, 'utf8'));
      return { path, code, imports: importsOf(path, code) };
    });
}

/** The names that a source declares and exports, and those that it gives to what it passes on. */
export function exportsOf({ code }) {
  const declared = code.matchAll(
    /^export (?:(?:declare|abstract|async) )*(?:class|function\*?|const|let|interface|type|enum) (\w+)/gm,
  );
  const passedOn = [...code.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => [
    ...names.matchAll(/ as (\w+)/g),
  ]);
  return new Set([...declared, ...passedOn].map(([, name]) => name));
}

/** Which room of `rooms` a file is in; null for what stands at the library's top, and `src` for the ready-made app. */
export function roomOf(path, rooms) {
  if (path.startsWith('src/')) return 'src';
  const inside = path.slice('lib/'.length);
  return rooms.filter((room) => inside.startsWith(`${room}/`)).toSorted((a, b) => b.length - a.length)[0] ?? null;
}

/** Every circle of a graph, as far as a walk meets one. */
export function circles(graph) {
  const found = [];
  const done = new Set();
  const walk = (node, trail) => {
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

/** What imports what, types included; `nodeOf` says what a file stands for, null for what is left out. */
export function graphOf(all, nodeOf) {
  const graph = new Map();
  for (const { path, imports } of all) {
    const from = nodeOf(path);
    if (from === null) continue;
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { to } of imports) {
      const target = nodeOf(to);
      if (target !== null && target !== from) targets.add(target);
    }
  }
  return graph;
}

/** Lines that are neither blank nor comment. */
export function linesOf({ code }) {
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

function importsOf(path, code) {
  return [...code.matchAll(/^(?:import|export)\s(?:type\s)?[^;'"]*?from\s+'(\.[^']+)\.js';$/gm)].map(([, target]) => ({
    to: `${normalize(join(dirname(path), target))}.ts`,
  }));
}

function withoutComments(code) {
  // Texts first: what looks like a comment in one is none.
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[^]*?\*\/|(?<![:\\/[])\/\/[^\n]*/g;
  return code.replace(token, (found) => (found.startsWith('/') ? '' : found));
}
