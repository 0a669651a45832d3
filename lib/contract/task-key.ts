/**
 * Whose slots a task shares with others: a text, or what makes it of the task's params as they are stored. Where it makes
 * nothing (`null` or `undefined`), the task has no key.
 */
export type TaskKey<Params = never> = string | ((params: Params) => string | number | null | undefined);
