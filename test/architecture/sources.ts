import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** An `import … from` or `export … from` of a file of the library. */
export interface Import {
  /** Path from the repository's root. */
  readonly to: string;
  /** Of types alone: nothing is loaded. */
  readonly isType: boolean;
}

export interface Source {
  /** Path from the repository's root, such as `lib/cron/index.ts`. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** The library's sources: not their tests, and not the panel's page, which is another program. */
export function librarySources(): Source[] {
  return readdirSync('lib', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(?:spec|d)\.ts$/.test(name))
    .map((name) => join('lib', name))
    .filter((path) => !path.startsWith('lib/admin/page/client/') && path !== 'lib/admin/page/page.assets.ts')
    .toSorted()
    .map((path) => read(path));
}

/** The folder of `lib` that a file is in; null for what stands at its top. */
export function roomOf(path: string): string | null {
  const [, room, ...rest] = path.split('/');
  return rest.length > 0 ? room! : null;
}

function read(path: string): Source {
  const code = withoutComments(readFileSync(path, 'utf8'));
  const imports = [...code.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'(\.[^']+)\.js';$/gm)].map(
    ([, type, target]) => ({ to: `${normalize(join(dirname(path), target!))}.ts`, isType: type !== undefined }),
  );
  return { path, code, imports };
}

function withoutComments(code: string): string {
  // Texts first: what looks like a comment in one is none.
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[^]*?\*\/|(?<![:\\/[])\/\/[^\n]*/g;
  return code.replace(token, (found) => (found.startsWith('/') ? '' : found));
}
