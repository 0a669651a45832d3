import { Inject, Injectable, Logger } from '@nestjs/common';
import { storableText } from '../../checks/index.js';
import { type AuditAction, messageOf } from '../../contract/index.js';
import type { Operations } from '../../operations/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_OPERATIONS, ADMIN_SETTINGS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { userOf } from './user-of.js';

const MAX_WHO_LENGTH = 200;
const MAX_TARGET_LENGTH = 1_000;

/** Writes down who changed what through the panel, after it was changed. */
@Injectable()
export class AuditTrail {
  private readonly logger = new Logger('TasksAdmin');

  constructor(
    @Inject(ADMIN_OPERATIONS) private readonly operations: Operations,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
  ) {}

  /**
   * Never rejects: what was asked for is done, and its answer must say so.
   * @param changed how many tasks, queues or schedules
   */
  async note(request: HttpRequest, action: AuditAction, target: string, changed = 1): Promise<void> {
    try {
      await this.operations.store.noteAudit({
        at: this.settings.clock.now(),
        who: this.who(request),
        action,
        target: cut(target, MAX_TARGET_LENGTH),
        changed,
      });
    } catch (error) {
      this.logger.error(
        `"${action}" of ${cut(target, MAX_TARGET_LENGTH)} is not in the audit record: ${messageOf(error)}`,
      );
    }
  }

  private who(request: HttpRequest): string | null {
    let who: unknown;
    try {
      who = this.settings.user ? this.settings.user(request as { user?: unknown }) : userOf(request);
    } catch (error) {
      this.logger.warn(`"admin.user" failed, so the audit record does not say who it was: ${messageOf(error)}`);
    }
    return typeof who === 'string' && who.trim() !== '' ? cut(who.trim(), MAX_WHO_LENGTH) : null;
  }
}

function cut(text: string, length: number): string {
  return storableText(text.length > length ? `${text.slice(0, length)}…` : text);
}
