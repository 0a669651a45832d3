import { setTimeout } from '../clock/index.js';
import type { EngineLogger } from '../engine/port/index.js';

/** An app may ask for Nest's hooks after it has booted, and does so at once. */
const PATIENCE_MS = 2_000;

/**
 * Warns a while after the boot where nothing in the process listens to SIGTERM: what runs is cut then when it is stopped, and
 * others wait for its lease. Keeps no process alive.
 *
 * @param isWorking whether it still works by then
 */
export function warnOfNoShutdownHooks(
  logger: Pick<EngineLogger, 'warn'>,
  isWorking: () => boolean,
  patience = PATIENCE_MS,
): void {
  const look = (): void => {
    if (!isWorking() || process.listenerCount('SIGTERM') > 0) return;
    logger.warn(
      'Nothing in this process listens to SIGTERM, by which Docker, Kubernetes and systemd stop it: running tasks are cut, and ' +
        'run again once their lease is over. Call app.enableShutdownHooks() in main.ts.',
    );
  };
  setTimeout(look, patience).unref();
}
