import { Inject, Injectable } from '@nestjs/common';
import { checkPauseSelector, checkQueueChange, MAX_PRIORITY, RequestFields } from '../../checks/index.js';
import type { KeyPage, PauseSelector } from '../../contract/index.js';
import type { Operations } from '../../operations/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_OPERATIONS, ADMIN_SETTINGS } from '../admin.constants.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { HttpRequest } from '../http/http-types.js';
import { queueOfPath } from '../http/problem-mapping.js';
import { readJsonBody } from '../http/request-body.js';
import { aboutPause, AllowedStore } from '../rights/allowed-store.js';
import { type Resource, type Routes, withoutQuery } from './resource.js';

/** What keeps tasks from starting: limits, and pauses of some tasks. */
@Injectable()
export class LimitsResource implements Resource {
  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    private readonly store: AllowedStore,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly audit: AuditTrail,
  ) {}

  readonly routes: Routes = {
    'GET limits': withoutQuery((request) => this.store.limits(request)),
    'GET pauses': withoutQuery((request) => this.store.pauses(request)),
    'POST pauses': withoutQuery((request) => this.steer(request, 'pause')),
    'POST pauses/resume': withoutQuery((request) => this.steer(request, 'resume')),
    'PATCH queues/:queue': withoutQuery((request, queue) => this.set(request, queue)),
    'PATCH queues/:queue/keys': withoutQuery((request, queue) => this.setKeyPriority(request, queue)),
  };

  /** The body is the selector. */
  private async steer(request: HttpRequest, action: 'pause' | 'resume'): Promise<unknown> {
    const selector = checkPauseSelector(await readJsonBody(request, this.settings.maxBodyBytes));
    const isWhole = selector.queue !== undefined && selector.key === undefined;
    const name = isWhole ? (`${action}-queue` as const) : (`${action}-tasks` as const);
    await this.store.require(request, name, aboutPause(selector));
    await this.operations.limits[action](selector);
    await this.audit.note(request, name, isWhole ? selector.queue : textOf(selector));
    return this.store.pauses(request);
  }

  /** The body is what changes of the queue. */
  private async set(request: HttpRequest, queue: string): Promise<KeyPage> {
    const change = checkQueueChange(await readJsonBody(request, this.settings.maxBodyBytes));
    await this.store.require(request, 'set-queue', { queue });
    await queueOfPath(this.operations.queues.flow.set(queue, change));
    await this.audit.note(request, 'set-queue', `${queue}: ${JSON.stringify(change)}`);
    return this.store.keys(request, queue, {});
  }

  /** The body is a key, and the priority that its tasks which wait are given. */
  private async setKeyPriority(request: HttpRequest, queue: string): Promise<{ readonly changed: number }> {
    const fields = new RequestFields(await readJsonBody(request, this.settings.maxBodyBytes), ['key', 'priority']);
    fields.required('key', 'priority');
    const key = fields.text('key');
    const priority = fields.wholeNumber('priority', -MAX_PRIORITY, MAX_PRIORITY);
    fields.done();
    await this.store.require(request, 'update', { queue });
    const changed = await queueOfPath(this.operations.queues.flow.setKeyPriority(queue, key!, priority!));
    await this.audit.note(request, 'update', JSON.stringify({ queue, key, priority }), changed);
    return { changed };
  }
}

function textOf(selector: PauseSelector): string {
  return JSON.stringify(selector);
}
