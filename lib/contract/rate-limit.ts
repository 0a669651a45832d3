export interface RateLimit {
  /** Most tasks started in one span. */
  readonly max: number;
  /** Length of the span in milliseconds. */
  readonly per: number;
}
