import type { Schedule } from '../contract/index.js';

/** A schedule that an `@Cron` of this process declares. */
export interface DeclaredSchedule {
  readonly schedule: Schedule;
  /** Class and method, for messages. */
  readonly location: string;
}

/** The schedules that this process's code declares for one store, by name. */
export class CronRegistry {
  private readonly declared = new Map<string, DeclaredSchedule>();
  private discover: () => void = () => {};

  /** @param discover called before an answer is given: modules may have been loaded since. It adds what it finds. */
  beforeReading(discover: () => void): void {
    this.discover = discover;
  }

  add(declared: DeclaredSchedule): void {
    this.declared.set(declared.schedule.name, declared);
  }

  get(name: string): DeclaredSchedule | undefined {
    this.discover();
    return this.declared.get(name);
  }

  all(): DeclaredSchedule[] {
    this.discover();
    return [...this.declared.values()];
  }
}
