/** Ids of the library are UUIDv7: they begin with when they were made, which for a task is when it was enqueued. */
const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/**
 * How far the time of an id may be from that of its task: where the clock is set back by up to ten seconds, ids go on from the
 * time before, as RFC 9562 has it. A window of time begins so much earlier in the index, so it is no longer than need be.
 * Which tasks stand in `tasks_own_id` goes by it: another value would need a migration.
 */
export const ID_SLACK_MS = 11_000;
/** The last moment that such an id can begin with. */
export const LAST_ID_MS = 2 ** 48 - 1;

/** Whether an id tells when its task was enqueued. One that an app gave, or that was made by another clock, does not. */
export function tellsTime(id: string, createdAt: number): boolean {
  const [, high, low] = UUID_V7.exec(id) ?? [];
  return high !== undefined && Math.abs(Number.parseInt(high + low!, 16) - createdAt) <= ID_SLACK_MS;
}

/** Less than every id of that time or later, and more than those before. */
export function idAt(time: number): string {
  const hex = Math.min(Math.max(Math.floor(time), 0), LAST_ID_MS)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
