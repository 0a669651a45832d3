import { SystemClock } from '../../../lib/clock/index.js';

/** The machine's clock, moved. As with a real one, timers that run already are not touched by a jump. */
export class JumpingClock extends SystemClock {
  /** @param offset milliseconds that are added to the machine's time */
  constructor(public offset: number) {
    super();
  }

  override now(): number {
    return super.now() + this.offset;
  }
}
