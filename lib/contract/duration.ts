/**
 * A length of time: a number of milliseconds, or a string of numbers with units, such as `60s`, `5m`, `1h30m`, `250ms`
 * (`ms`, `s`, `m`, `h`, `d`, `w`).
 */
export type Duration = number | string;
