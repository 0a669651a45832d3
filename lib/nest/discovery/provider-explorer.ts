import { messageOf } from '../../contract/index.js';
import { Logger } from '@nestjs/common';

/**
 * Finds something on the app's providers and registers it: at boot, and again when providers have come since, which is
 * how lazily loaded modules are seen.
 *
 *     booting ──every look finds anew, and throws──> exploreAtBoot() ──> booted ──a look finds what is new, and reports
 */
export abstract class ProviderExplorer {
  protected readonly logger = new Logger('Tasks');
  private sizeSeen = -1;
  protected booted = false;

  /** How many providers there are: as long as it is the same, there is nothing new. */
  protected abstract size(): number;

  /** Registers what is there and is not registered yet. @throws TasksConfigError for what is wrong */
  protected abstract explore(): void;

  /** Finds all that is there, once every provider is instantiated. @throws TasksConfigError for what is wrong */
  exploreAtBoot(): void {
    this.look();
    this.booted = true;
  }

  /** Looks again: where modules were loaded since the boot, and always before, as providers enqueue while the app boots. */
  protected refresh(): void {
    if (!this.booted) return this.look();
    if (this.size() === this.sizeSeen) return;
    try {
      this.look();
    } catch (error) {
      // The app runs: what is wrong in a module loaded late must not stop the tasks of the others.
      this.logger.error(messageOf(error));
    }
  }

  private look(): void {
    this.sizeSeen = this.size();
    this.explore();
  }
}
