/** Name of the store where a process has one. */
export const DEFAULT_STORE = 'default';
