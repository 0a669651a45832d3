/** Folders of the repository, compiled: `out` holds the files under their names in the repository. */
export interface CompiledFolder {
  readonly out: string;
  remove(): void;
}

/** @param folders of the repository, such as `lib` */
export function compile(folders: readonly string[]): Promise<CompiledFolder>;
