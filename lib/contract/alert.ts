/** What an alert is about, see the option `alerts`. */
export type AlertKind = 'latency' | 'failed' | 'noWorkers' | 'stuck';

/**
 * What the task is told that a rule of the option `alerts` enqueues.
 *
 * @publicApi
 */
export interface TaskAlert {
  /** Whether it begins or is over. */
  readonly state: 'raised' | 'cleared';
  /** Name of the rule. */
  readonly rule: string;
  readonly kind: AlertKind;
  readonly queue: string;
  /** In a sentence, with the figures. */
  readonly message: string;
  /** When it was noticed, in UTC milliseconds. */
  readonly at: number;
}
