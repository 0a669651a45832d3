/** Says what is wrong with a value, worded to follow the name of its option; null where nothing is. */
export type OptionProblem = (value: unknown) => string | null;

/**
 * What a server-side engine says of its options, so that whoever reads a configuration need not know it. Values of a
 * file come as plain data.
 */
export interface EngineKind<Options extends object> {
  /** Each option with its check, by its name in code. */
  readonly options: { readonly [K in keyof Options]-?: OptionProblem };
  /** Says what is wrong with the options together; `option` names the one at fault, null: all. */
  together(
    options: Options,
  ): ReadonlyArray<{ readonly option: (keyof Options & string) | null; readonly problem: string }>;
}
