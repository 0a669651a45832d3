import type { Excuse } from '../history.js';
import type { Window } from '../windows.js';

/** Looks up when a process may lose what it holds, or be slow, through no fault of the engine. */
export class Excuses {
  private readonly byProcess = new Map<string | null, Excuse[]>();

  constructor(excuses: readonly Excuse[]) {
    for (const excuse of excuses) {
      const own = this.byProcess.get(excuse.process);
      if (own) own.push(excuse);
      else this.byProcess.set(excuse.process, [excuse]);
    }
  }

  /** With those that hold for every process. */
  of(process: string): readonly Excuse[] {
    return [...(this.byProcess.get(process) ?? []), ...(this.byProcess.get(null) ?? [])];
  }

  holds(process: string, { from, until }: Window): boolean {
    return this.of(process).some((excuse) => excuse.from <= until && excuse.until >= from);
  }
}
