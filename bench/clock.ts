/** `performance.now()` counts from the start of the process; the system's monotonic clock is the same for all of them. */
const OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of a clock that all processes of the machine share and nobody sets. */
export function now(): number {
  return performance.now() + OFFSET;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
