import type { Violation } from './checker.js';
import { FAULTS, type FaultName } from './faults.js';
import type { History, TaskHistory } from './history.js';
import type { Entry } from './ledger.js';
import { TICK } from './process/setup.js';
import type { RoundResult } from './round.js';

/** Rules whose violation means that a task was lost, or done twice. */
const LOST = new Set(['lost', 'unfinished']);
const DOUBLED = new Set(['doubled', 'two live owners', 'stored twice']);
const MAX_VIOLATIONS_SHOWN = 5;
const MAX_ENTRIES_SHOWN = 40;
/** Of each process, the last ones. */
const MAX_SAID_SHOWN = 5;

interface FaultTotals {
  times: number;
  /** Tasks that had been acknowledged and had not ended. */
  inFlight: number;
  /** Calls of handlers, in the process where it concerned one. */
  running: number;
  lost: number;
  doubled: number;
}

/** Adds up what happened over the rounds of a run. */
export class Totals {
  rounds = 0;
  tasks = 0;
  attempts = 0;
  lostAttempts = 0;
  ticks = 0;
  rolledBack = 0;
  refused = 0;
  violations = 0;
  kills = 0;
  private readonly faults = new Map<string, FaultTotals>();

  add({ history, violations }: RoundResult): void {
    this.rounds += 1;
    this.refused += history.refused;
    this.violations += violations.length;
    this.kills += history.entries.filter((entry) => entry.event === 'gone' && entry.how === 'killed').length;
    for (const { stored, rolledBack, runs } of history.tasks.values()) {
      this.attempts += runs.length;
      if (rolledBack) this.rolledBack += 1;
      if (!stored) continue;
      this.tasks += 1;
      if (stored.name === TICK) this.ticks += 1;
      for (const { outcome } of stored.attempts) if (outcome === 'lost') this.lostAttempts += 1;
    }
    const about = violations.flatMap(({ rule, task }) => {
      const known = task === null ? undefined : history.tasks.get(task);
      return known ? [{ rule, ...lifeOf(known) }] : [];
    });
    const tasks = [...history.tasks.values()];
    const starts = tasks.flatMap(({ runs }) => runs);
    const lives = tasks.filter(({ acknowledged }) => acknowledged).map(lifeOf);
    for (const { fault, process, from, until } of history.faults) {
      const total = this.of(fault);
      total.times += 1;
      total.inFlight += lives.filter((life) => life.from <= until && life.until >= from).length;
      total.running += starts.filter(
        (run) => run.start <= until && run.end >= from && (process === null || run.process === process),
      ).length;
      for (const one of about) {
        if (one.from > until || one.until < from) continue;
        if (LOST.has(one.rule)) total.lost += 1;
        if (DOUBLED.has(one.rule)) total.doubled += 1;
      }
    }
  }

  times(fault: FaultName): number {
    return this.faults.get(fault)?.times ?? 0;
  }

  /** As a table in Markdown. */
  table(): string {
    const rows = FAULTS.filter(({ name }) => this.faults.has(name)).map(({ name, description }) => {
      const { times, inFlight, running, lost, doubled } = this.faults.get(name)!;
      return `| ${description} (\`${name}\`) | ${times} | ${inFlight} | ${running} | ${lost} | ${doubled} |`;
    });
    return [
      '| fault | times | tasks in flight | of them running | lost | doubled |',
      '| --- | --: | --: | --: | --: | --: |',
      ...rows,
    ].join('\n');
  }

  summary(): string {
    return (
      `${this.rounds} rounds, ${this.kills} SIGKILLs, ${this.tasks} tasks (${this.ticks} cron ticks), ${this.attempts} attempts ` +
      `(${this.lostAttempts} lost with their process), ${this.rolledBack} rolled back, ${this.refused} calls refused, ` +
      `${this.violations} violations`
    );
  }

  private of(fault: string): FaultTotals {
    let total = this.faults.get(fault);
    if (!total) this.faults.set(fault, (total = { times: 0, inFlight: 0, running: 0, lost: 0, doubled: 0 }));
    return total;
  }
}

function lifeOf({ acknowledged, runs }: TaskHistory): { from: number; until: number } {
  return { from: acknowledged?.at ?? runs[0]?.start ?? 0, until: runs.at(-1)?.end ?? Infinity };
}

/** What was violated, each with all that is known of its task, and what was done to the processes that ran it. */
export function describeViolations(violations: readonly Violation[], history: History): string {
  const byRule = new Map<string, number>();
  for (const { rule } of violations) byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
  const counts = [...byRule].map(([rule, count]) => `${count} × ${rule}`).join(', ');
  const shown: Violation[] = [];
  // One of each rule first: a hundred of one kind would hide the others.
  for (const rule of byRule.keys()) shown.push(violations.find((one) => one.rule === rule)!);
  for (const one of violations) {
    if (shown.length >= Math.max(byRule.size, MAX_VIOLATIONS_SHOWN)) break;
    if (!shown.includes(one)) shown.push(one);
  }
  return [counts, ...shown.map((one) => describeViolation(one, history)), whatWasSaid(history)].join('\n\n');
}

/** What the processes warned of: of those that were there last, most is to be learned. */
function whatWasSaid({ entries }: History): string {
  const byProcess = new Map<string, string[]>();
  for (const entry of entries) {
    if (entry.event !== 'said') continue;
    const line = `  ${(entry.at / 1_000).toFixed(1)} ms  ${entry.process}: ${entry.text}`;
    byProcess.set(entry.process, [...(byProcess.get(entry.process) ?? []), line]);
  }
  const lines = [...byProcess.values()].flatMap((said) => said.slice(-MAX_SAID_SHOWN));
  return ['said by the processes:', ...(lines.length > 0 ? lines : ['  nothing'])].join('\n');
}

function describeViolation({ rule, task, message }: Violation, history: History): string {
  if (task === null) return `${rule}: ${message}`;
  const known = history.tasks.get(task);
  const processes = new Set(known?.runs.map(({ process }) => process));
  for (const entry of history.entries) if ('task' in entry && entry.task === task) processes.add(entry.process);
  const entries = history.entries.filter((entry) => {
    if ('task' in entry) return entry.task === task;
    if (entry.event === 'refused' || entry.event === 'said') return false;
    return entry.process === null || processes.has(entry.process);
  });
  const begin = entries.find((entry) => 'task' in entry)?.at ?? 0;
  const lines = around(entries, task).map((entry) => {
    const { at, ...rest } = entry;
    return `  ${((at - begin) / 1_000).toFixed(1).padStart(9)} ms  ${JSON.stringify(rest)}`;
  });
  const stored = known?.stored ? `  in the store: ${JSON.stringify(known.stored)}` : '  not in the store';
  return [`${rule}: task ${task} ${message}`, ...lines, stored].join('\n');
}

/** The entries about the task, and those next to them. */
function around(entries: readonly Entry[], task: string): readonly Entry[] {
  const first = entries.findIndex((entry) => 'task' in entry && entry.task === task);
  const last = entries.findLastIndex((entry) => 'task' in entry && entry.task === task);
  return entries.slice(Math.max(0, first - 5), last + 5).slice(0, MAX_ENTRIES_SHOWN);
}
