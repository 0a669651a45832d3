/** What becomes of a task whose key another one holds: see `UniqueOptions.onConflict`. */
export type OnConflict = 'keep' | 'replace' | 'reject';

/**
 * The event that releases a key: `started`: an attempt of its holder begins; `ended`: its holder has ended; `time`: nothing
 * but the time of {@link UniqueClaim.for}.
 */
export type ReleasePoint = 'started' | 'ended' | 'time';

/** The claim of a task on a key. One task at a time holds a key among those of its queue and name. Times are milliseconds. */
export interface UniqueClaim {
  /** As it was given, or a hash of what of the params makes it. */
  readonly key: string;
  readonly until: ReleasePoint;
  /** How long after the claim the key is released at the latest; absent: the event alone releases it. */
  readonly for?: number;
  /** `join`: the list at {@link UniqueClaim.join} is added to that of the holder, as long as that waits. */
  readonly onConflict: OnConflict | 'join';
  /** How long the holder waits before it starts: where its params are replaced, from each claim anew. */
  readonly wait?: number;
  /** How long after the first claim it is put off at most. */
  readonly max?: number;
  readonly join?: { readonly field: string; readonly maxBytes: number };
}
