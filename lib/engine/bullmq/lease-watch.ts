import { clearInterval, monotonicTime, setInterval } from '../../clock/index.js';
import { abort } from '../common/index.js';
import type { QueueSet } from './queue-set.js';
import type { RunningJob } from './running-job.js';

/** Looks in the time of one lease. */
const LOOKS = 4;

/**
 * Aborts an attempt whose lease is over without the server having said so: while the server cannot be reached, no lock
 * is renewed and nobody tells, and another worker that can reach it may have the task by now.
 *
 * @param lease in milliseconds
 * @param running the attempts of this process
 */
export function watchLeases(
  worker: ReturnType<QueueSet['worker']>,
  lease: number,
  running: Iterable<Pick<RunningJob, 'job' | 'task' | 'aborted' | 'onAbort'>>,
): void {
  const renewedAt = new Map<string, number>();
  worker.on('locksRenewed', ({ jobIds }) => {
    const now = monotonicTime();
    for (const id of jobIds) renewedAt.set(id, now);
  });
  const timer = setInterval(() => {
    const now = monotonicTime();
    const attempts = new Map([...running].map((attempt) => [attempt.job.id!, attempt]));
    for (const id of renewedAt.keys()) if (!attempts.has(id)) renewedAt.delete(id);
    for (const [id, attempt] of attempts) {
      const at = renewedAt.get(id);
      if (at === undefined) renewedAt.set(id, now);
      else if (now - at > lease) {
        abort(
          attempt,
          'lease-lost',
          `The lease of task "${attempt.task.id}" could not be renewed; it may run elsewhere.`,
        );
      }
    }
  }, lease / LOOKS);
  timer.unref();
  worker.on('closed', () => clearInterval(timer));
}
