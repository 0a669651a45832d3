import type { TaskEvent, TaskEventKind } from '../../contract/index.js';
import { taskIdOf } from './job-ids.js';
import { attemptOf } from './stored-job.js';
import type { TaskJob } from './task-job.js';

type Listener = (events: readonly TaskEvent[]) => void;

/** Tells listeners of what this process did to jobs. See `Watching.hear`. */
export class Happenings {
  private readonly listeners = new Set<Listener>();

  get areHeard(): boolean {
    return this.listeners.size > 0;
  }

  hear(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  tell(
    event: TaskEventKind,
    queue: string,
    job: TaskJob,
    error?: TaskEvent['error'],
    attempt: number = attemptOf(job),
  ): void {
    if (!this.areHeard) return;
    const task = { id: taskIdOf(job.id!), queue, name: job.name, attempt };
    for (const listener of this.listeners) listener([{ event, task, ...(error && { error }) }]);
  }
}
