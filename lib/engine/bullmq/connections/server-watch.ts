import { monotonicTime } from '../../../clock/index.js';
import { plural } from '../../../contract/index.js';
import type { EngineLogger } from '../../port/index.js';
import { adviceOf, isFinal, isServerFault, reasonOf } from './server-faults.js';

/** A fault is not logged again for so long, in milliseconds: every connection tells of it. */
const QUIET_MS = 60_000;
/** Different messages that are remembered at a time. */
const MAX_REMEMBERED = 100;

/**
 * Whether the server is there, and what the log is told of it: one line when it goes, one each minute that it stays away,
 * and one when it is back, however many connections see it.
 *
 *     there ──a connection fails──> away ──a connection is made──> there
 */
export class ServerWatch {
  private away: { readonly since: number; errors: number; toldAt: number } | null = null;
  private last: unknown;
  private readonly told = new Map<string, number>();

  constructor(
    private readonly place: string,
    private readonly logger: EngineLogger,
    private readonly now: () => number = () => monotonicTime(),
  ) {}

  /** The last error while it is away; undefined while it is there. */
  get fault(): unknown {
    return this.away ? this.last : undefined;
  }

  report(error: unknown): void {
    if (isServerFault(error) || isFinal(error)) this.failed(error);
    else this.once(`${this.place}: ${reasonOf(error)}`);
  }

  /** A connection was made. */
  answered(): void {
    if (!this.away) return;
    const { since, errors } = this.away;
    this.away = null;
    this.logger.log(
      `${this.place} answers again, after ${seconds(this.now() - since)} and ${plural(errors, 'error')}.`,
    );
  }

  /**
   * What to tell a caller whose request failed, with the server's place and what would be right.
   * @param error undefined where no answer came
   */
  describe(error: unknown): string {
    if (error !== undefined && !isServerFault(error) && !isFinal(error)) return reasonOf(error);
    // A driver that gives up says that it does; why it could not connect is what it said before.
    const why = this.fault ?? error;
    return why === undefined ? this.place : unusable(this.place, why);
  }

  private failed(error: unknown): void {
    this.last = error;
    const now = this.now();
    if (!this.away) {
      this.away = { since: now, errors: 1, toldAt: now };
      this.logger.warn(
        `${unusable(this.place, error)}. What waits goes on when it answers again, and callers are told meanwhile.`,
      );
      return;
    }
    this.away.errors += 1;
    if (now - this.away.toldAt < QUIET_MS) return;
    this.away.toldAt = now;
    const { since, errors } = this.away;
    this.logger.warn(
      `${unusable(this.place, error)}. That is so for ${seconds(now - since)}, with ${plural(errors, 'error')}.`,
    );
  }

  private once(message: string): void {
    const now = this.now();
    const at = this.told.get(message);
    if (at !== undefined && now - at < QUIET_MS) return;
    this.told.delete(message);
    this.told.set(message, now);
    if (this.told.size > MAX_REMEMBERED) this.told.delete(this.told.keys().next().value!);
    this.logger.warn(message);
  }
}

/** Without a full stop. */
export function unusable(place: string, error: unknown): string {
  const advice = adviceOf(error);
  return `${place} cannot be used (${reasonOf(error)})${advice === null ? '' : `: ${lowerFirst(advice)}`}`.replace(
    /[.?]$/,
    '',
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1_000)} s`;
}
