import { clearInterval, setInterval } from '../../clock/index.js';

const LOOK_EVERY_MS = 5_000;

/**
 * Notices that a server has lost everything while this process runs: a cache that restarts without its file, `FLUSHALL`,
 * a replica that was empty when it took over. The store has an identity, which is another one then.
 */
export class EmptiedWatch {
  private readonly timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  private looking = false;

  /**
   * @param known the identity of the store as it was opened
   * @param identity reads it, and gives the store one where it has none
   * @param onEmptied called after each loss; again where it fails
   */
  constructor(
    private known: string,
    private readonly identity: () => Promise<string>,
    private readonly onEmptied: () => Promise<void>,
  ) {}

  close(): void {
    clearInterval(this.timer);
  }

  /** What goes wrong is tried again with the next look; that the server is away is said elsewhere. */
  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    try {
      const now = await this.identity();
      if (now !== this.known) {
        await this.onEmptied();
        this.known = now;
      }
    } catch {
      // The next look.
    } finally {
      this.looking = false;
    }
  }
}
