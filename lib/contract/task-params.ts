/**
 * Maps a task's name to the type of its params. Extend it beside the params class, and a wrong payload does not compile:
 *
 * @example
 * declare module 'nestjs-tasks' {
 *   interface TaskParams { send_email: SendEmailParams }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- empty so that users merge into it
export interface TaskParams {}

/** The params that `name` takes: those of {@link TaskParams} where it is listed there, else any JSON object. */
export type ParamsOf<Name extends string> = Name extends keyof TaskParams ? TaskParams[Name] : object;

/**
 * Maps a task's name to the type of what its handler returns, for `run()`. Extend it as {@link TaskParams}:
 *
 * @example
 * declare module 'nestjs-tasks' {
 *   interface TaskResults { render_pdf: { url: string } }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- empty so that users merge into it
export interface TaskResults {}

/** The result of tasks called `name`: that of {@link TaskResults} where it is listed there, else unknown. */
export type ResultOf<Name extends string> = Name extends keyof TaskResults ? TaskResults[Name] : unknown;
