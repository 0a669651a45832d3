export interface Source {
  /** Path from the repository's root, such as `lib/cron/index.ts`. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  /** Every `import … from` and `export … from` of another file, types included. */
  readonly imports: ReadonlyArray<{ readonly to: string }>;
}

export function sources(folders?: readonly string[]): Source[];
export function pageSources(): Source[];
export function exportsOf(source: Pick<Source, 'code'>): Set<string>;
export function roomOf(path: string, rooms: readonly string[]): string | null;
export function circles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[];
export function graphOf(
  all: ReadonlyArray<Pick<Source, 'path' | 'imports'>>,
  nodeOf: (path: string) => string | null,
): Map<string, Set<string>>;
export function linesOf(source: Pick<Source, 'code'>): number;
