import { Inject, Injectable } from '@nestjs/common';
import type { Operations, QueueStats } from '../../operations/index.js';
import { findProblems, type Problem, type Situation } from '../../problems/index.js';
import { ADMIN_OPERATIONS, ADMIN_SETTINGS, MAX_PANEL_PAGE_SIZE } from '../admin.constants.js';
import type { AdminSettings } from '../admin-settings.js';
import type { HttpRequest } from '../http/http-types.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { type Resource, type Routes, withoutQuery } from './resource.js';

/** What a person should look at now. */
export interface ProblemReport {
  /** UTC milliseconds. */
  readonly at: number;
  /** The gravest first; empty while all is well. */
  readonly items: readonly Problem[];
}

@Injectable()
export class ProblemsResource implements Resource {
  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    private readonly store: AllowedStore,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
  ) {}

  readonly routes: Routes = {
    'GET problems': withoutQuery((request) => this.report(request)),
  };

  private async report(request: HttpRequest): Promise<ProblemReport> {
    const [queues, workers, outbox, crons, condition] = await Promise.all([
      this.store.queues(request),
      this.store.workers(request),
      this.store.outbox(request),
      this.store.crons(request),
      this.store.condition(request),
    ]);
    const now = this.settings.clock.now();
    const pausedBy = await this.pausedBy(queues);
    const around = { outbox: outbox.queues, crons, condition, pausedBy };
    return { at: now, items: findProblems({ now, queues, workers, ...around }) };
  }

  /** From the newest entries of the audit record: who paused a queue longer ago is not looked for. */
  private async pausedBy(queues: readonly QueueStats[]): Promise<Situation['pausedBy']> {
    const found = new Map<string, { who: string | null; at: number }>();
    const paused = new Set(queues.filter((stats) => stats.paused).map(({ queue }) => queue));
    if (paused.size === 0) return found;
    const { items } = await this.operations.store.audit({ limit: MAX_PANEL_PAGE_SIZE });
    for (const { action, target, who, at } of items) {
      // The newest of each queue counts: one that was resumed since, and paused by code, was paused by nobody known.
      if ((action !== 'pause-queue' && action !== 'resume-queue') || !paused.delete(target)) continue;
      if (action === 'pause-queue') found.set(target, { who, at });
    }
    return found;
  }
}
