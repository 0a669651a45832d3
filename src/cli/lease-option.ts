import type { CommandOption } from './command.js';
import { UsageError } from './usage-error.js';

/** `--lease`, of commands that have to tell whether processes that they cannot see are alive. */
export const LEASE_OPTION = {
  type: 'string',
  placeholder: '<duration>',
  description: 'how long a worker in another container may be silent',
  default: '10s',
} as const satisfies CommandOption;

/**
 * In milliseconds.
 * @param command whose help is pointed at
 * @throws UsageError for what is no duration
 */
export async function parseLease(text: string, command: string): Promise<number> {
  const { parseDuration } = await import('../../lib/checks/duration.js');
  try {
    return parseDuration(text, '--lease');
  } catch (error) {
    throw new UsageError((error as Error).message, command);
  }
}
