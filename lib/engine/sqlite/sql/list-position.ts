import { cursorTo, placeOf } from '../../common/index.js';

/** How far a walk by time has come in each of the two indexes that it reads; null where it has not begun with one. */
export interface TimePosition {
  readonly id: string | null;
  /** Time and number of a task whose id does not tell its time. */
  readonly own: readonly [at: number, seq: number] | null;
}

/** Where a walk stands: at the number of the task that it came to last, or at a time; null where it has not begun. */
export type ListPosition = { readonly seq: number } | TimePosition | null;

/** A task that was come to, whether it meets what its own row can tell, and where a walk goes on after it. */
export interface Candidate {
  readonly seq: number;
  readonly fits: boolean;
  readonly place: NonNullable<ListPosition>;
}

const TIME_FORM = /^(?:(\d{1,16})\.(\d{1,16}))?\/(.{0,255})$/s;

export function encodeCursor(place: NonNullable<ListPosition>): string {
  if ('seq' in place) return cursorTo('seq', String(place.seq));
  return cursorTo('time', `${place.own?.join('.') ?? ''}/${place.id ?? ''}`);
}

/** @throws InvalidArgumentError for anything that `encodeCursor` did not make */
export function decodeCursor(cursor: string | undefined): ListPosition {
  if (cursor === undefined) return null;
  const isByTime = Buffer.from(cursor, 'base64url').toString().startsWith('time:');
  if (!isByTime) return { seq: Number(placeOf('seq', cursor, /^\d{1,15}$/)) };
  const [, at, seq, id] = TIME_FORM.exec(placeOf('time', cursor, TIME_FORM))!;
  return { id: id === '' ? null : id!, own: at === undefined ? null : [Number(at), Number(seq)] };
}
