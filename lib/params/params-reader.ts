/** Params after they were read. */
export interface ReadParams {
  /** The value that the handler gets. */
  readonly value: object;
  /** Whether the parsed JSON is as it was. */
  readonly intact: boolean;
}

/**
 * Reads parsed params as what a handler gets. The one door behind which the libraries stand that check params.
 *
 * @param json the text that `plain` was parsed from
 * @param plain parsed JSON that nobody else holds
 * @returns a promise only where a rule makes it wait
 * @throws InvalidParamsError
 */
export type ParamsReader = (taskName: string, json: string, plain: object) => ReadParams | Promise<ReadParams>;
