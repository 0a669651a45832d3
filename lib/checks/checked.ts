/** The result of reading a value: the value, or what is wrong with it, worded to follow the name of the field. */
export type Checked<T> = { readonly value: T } | { readonly problem: string };
