import { Inject, Injectable } from '@nestjs/common';
import { MAX_PAGE_SIZE } from '../../checks/index.js';
import type { KeyPage } from '../../contract/index.js';
import { ADMIN_OPERATIONS } from '../admin.constants.js';
import type { Operations, QueueStats } from '../../operations/index.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { HttpRequest } from '../http/http-types.js';
import { queueOfPath } from '../http/problem-mapping.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { queryOf, type Resource, type Routes, withoutQuery } from './resource.js';

@Injectable()
export class QueuesResource implements Resource {
  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    private readonly store: AllowedStore,
    private readonly audit: AuditTrail,
  ) {}

  readonly routes: Routes = {
    'GET queues': withoutQuery((request) => this.store.queues(request)),
    'GET queues/:queue/keys': (request, queue) => this.keys(request, queue),
    'POST queues/:queue/pause': (request, queue) => this.steer(request, 'pause', queue),
    'POST queues/:queue/resume': (request, queue) => this.steer(request, 'resume', queue),
  };

  private async keys(request: HttpRequest, queue: string): Promise<KeyPage> {
    const fields = queryOf(request, ['after', 'limit']);
    const [after, limit] = [fields.text('after'), fields.wholeNumber('limit', 1, MAX_PAGE_SIZE)];
    fields.done();
    const query = { ...(after !== undefined && { after }), ...(limit !== undefined && { limit }) };
    return queueOfPath(this.store.keys(request, queue, query));
  }

  private async steer(request: HttpRequest, action: 'pause' | 'resume', queue: string): Promise<QueueStats | null> {
    await this.store.require(request, `${action}-queue`, { queue });
    await queueOfPath(this.operations.queues[action](queue));
    await this.audit.note(request, `${action}-queue`, queue);
    const all = await this.store.queues(request);
    return all.find((stats) => stats.queue === queue) ?? null;
  }
}
