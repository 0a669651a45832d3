import { MAX_LAST_RUNS, type Schedule } from '../../../contract/index.js';
import type { TickRecord } from '../../common/index.js';
import type { Registry } from '../registry.js';

/** A task that a schedule has enqueued, by a tick or by hand. */
export interface Run {
  readonly id: string;
  /** When it was due. */
  readonly at: number;
}

/**
 * Notes of the processes about schedules: `schedule:<name>`, `paused:<name>`, `ticked:<name>` (the last tick that was dealt
 * with, whether it had a run or not), `passed:<name>` where some were passed over, and `run:<name>:<id>` for each of the last
 * runs. Two processes that note a run at once write two fields, and neither takes the other's away.
 */
export class ScheduleNotes {
  constructor(private readonly registry: Registry) {}

  /** Reads what other processes have noted. */
  async refresh(): Promise<void> {
    await this.registry.refresh(true);
  }

  async definition(name: string): Promise<Schedule | null> {
    const text = await this.registry.get(`schedule:${name}`);
    return text === undefined ? null : (JSON.parse(text) as Schedule);
  }

  async definitions(): Promise<Schedule[]> {
    return (await this.registry.parsed<Schedule>('schedule')).map(([, schedule]) => schedule);
  }

  async define(schedule: Schedule): Promise<void> {
    await this.registry.note({ [`schedule:${schedule.name}`]: JSON.stringify(schedule) });
  }

  async forget(name: string): Promise<void> {
    const runs = (await this.runs(name)).map(({ id }) => fieldOf(name, id));
    await this.registry.forget(
      `schedule:${name}`,
      `paused:${name}`,
      `ticked:${name}`,
      `passed:${name}`,
      `excused:${name}`,
      ...runs,
    );
  }

  /** Code that declares the schedule is there: a last run that nobody knew keeps no tick from coming. */
  async excuseLastRun(name: string): Promise<void> {
    const [last] = await this.runs(name);
    if (last && !(await this.isExcused(name, last.id))) await this.registry.note({ [`excused:${name}`]: last.id });
  }

  async isExcused(name: string, id: string): Promise<boolean> {
    return (await this.registry.get(`excused:${name}`)) === id;
  }

  async isPaused(name: string): Promise<boolean> {
    return (await this.registry.get(`paused:${name}`)) !== undefined;
  }

  async setPaused(name: string, paused: boolean): Promise<void> {
    if (paused) await this.registry.note({ [`paused:${name}`]: '1' });
    else await this.registry.forget(`paused:${name}`);
  }

  /** Which ticks were dealt with. */
  async record(name: string): Promise<TickRecord> {
    const last = await this.registry.get(`ticked:${name}`);
    const passedOver = await this.registry.parsed<TickRecord['passedOver']>('passed');
    return {
      until: last === undefined ? null : Number(last) + 1,
      passedOver: passedOver.find(([key]) => key === name)?.[1] ?? [],
    };
  }

  /** The schedules of which ticks were passed over that would be after `now`, by the clock that passed them over. */
  async passedOver(now: number): Promise<string[]> {
    const noted = await this.registry.parsed<TickRecord['passedOver']>('passed');
    return noted.filter(([, spans]) => spans.some(([, before]) => before > now)).map(([name]) => name);
  }

  /** Forgets which ticks were dealt with: those of another expression are others. */
  async forgetTicks(name: string): Promise<void> {
    await this.registry.forget(`ticked:${name}`, `passed:${name}`);
  }

  /** The last runs, the newest first. */
  async runs(name: string): Promise<readonly Run[]> {
    const noted = await this.registry.of(`run:${encodeURIComponent(name)}`);
    return newestFirst(Object.entries(noted).map(([id, at]) => ({ id, at: Number(at) })));
  }

  /**
   * Notes runs, and drops those that are not among the last any more.
   * @param record which ticks have been dealt with then; null for runs by hand
   */
  async noteRuns(name: string, runs: readonly Run[], record: TickRecord | null): Promise<void> {
    const fresh = newestFirst(runs).slice(0, MAX_LAST_RUNS);
    const known = (await this.runs(name)).filter(({ id }) => !fresh.some((run) => run.id === id));
    const gone = newestFirst([...fresh, ...known]).slice(MAX_LAST_RUNS);
    await this.registry.note(
      {
        ...Object.fromEntries(fresh.map(({ id, at }) => [fieldOf(name, id), String(at)])),
        ...(record && (await this.fieldsOf(name, record))),
      },
      gone.map(({ id }) => fieldOf(name, id)),
    );
  }

  /**
   * All in one note: another process may note its ticks at the same time. To remove a field afterwards would take away what
   * that one has passed over meanwhile, and those ticks would never come.
   */
  private async fieldsOf(name: string, { until, passedOver }: TickRecord): Promise<Record<string, string>> {
    const isNoted = passedOver.length > 0 || (await this.registry.get(`passed:${name}`)) !== undefined;
    return {
      ...(until !== null && { [`ticked:${name}`]: String(until - 1) }),
      ...(isNoted && { [`passed:${name}`]: JSON.stringify(passedOver) }),
    };
  }
}

function fieldOf(name: string, id: string): string {
  return `run:${encodeURIComponent(name)}:${id}`;
}

/** Of two that are due at once, ids of one process tell which was made later. */
function newestFirst(runs: readonly Run[]): Run[] {
  return runs.toSorted((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1));
}
