import type { DeliveredTask } from '../engine/index.js';
import { redactor, sensitiveValues, type Redact, type SensitivePath } from '../params/index.js';

/** The sensitive values of one task, to be kept out of its errors and logs. */
export class TaskSecrets {
  /** Of the many tasks that have none. */
  private static readonly none = new TaskSecrets('{}', []);

  private readonly values: string[] = [];
  private prepared: Redact | null = null;

  private constructor(
    private readonly json: string,
    private readonly paths: readonly SensitivePath[],
  ) {}

  /** @param paths those that the handler's class names, beside those stored with the task; unreadable params have no known secrets */
  static of(
    { params, sensitive }: Pick<DeliveredTask, 'params' | 'sensitive'>,
    paths: readonly SensitivePath[],
  ): TaskSecrets {
    if (sensitive.length === 0 && paths.length === 0) return TaskSecrets.none;
    return new TaskSecrets(params, [...sensitive, ...paths]);
  }

  /** Adds those of the instance that the handler gets: a transformation of the class may have changed them. */
  learn(params: object): void {
    if (this.paths.length === 0) return;
    this.values.push(...sensitiveValues(params, this.paths));
    this.prepared = null;
  }

  readonly redact: Redact = (text) => {
    if (this.paths.length === 0) return text;
    this.prepared ??= redactor([...this.values, ...this.stored()]);
    return this.prepared(text);
  };

  private stored(): string[] {
    try {
      return sensitiveValues(JSON.parse(this.json), this.paths);
    } catch {
      return [];
    }
  }
}
