/** Beyond this many lines an attempt's log takes no more: a handler that floods it must not fill the store. */
const MOST_LOG_LINES = 1_000;

/** The lines of one attempt, the last of which says that there were more. */
export class LogLimit {
  private lines = 0;

  /** What to store for the next line; null where the log takes no more. */
  next(message: string): string | null {
    this.lines += 1;
    if (this.lines > MOST_LOG_LINES) return null;
    return this.lines === MOST_LOG_LINES ? `Further lines are left out (limit: ${MOST_LOG_LINES})` : message;
  }
}
