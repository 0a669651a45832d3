import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AuditAction, TaskEngine } from '../../engine/index.js';
import { messageOf } from '../../errors/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_ENGINE, ADMIN_SETTINGS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { userOf } from './user-of.js';

const LONGEST_WHO = 200;
const LONGEST_TARGET = 1_000;

/** Writes down who changed what through the panel, after it was changed. */
@Injectable()
export class AuditTrail {
  private readonly logger = new Logger('TasksAdmin');

  constructor(
    @Inject(ADMIN_ENGINE) private readonly engine: TaskEngine,
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
  ) {}

  /**
   * Never rejects: what was asked for is done, and its answer must say so.
   * @param changed how many tasks, queues or schedules
   */
  async note(request: HttpRequest, action: AuditAction, target: string, changed = 1): Promise<void> {
    try {
      await this.engine.noteAudit({
        at: this.settings.clock.now(),
        who: this.who(request),
        action,
        target: cut(target, LONGEST_TARGET),
        changed,
      });
    } catch (error) {
      this.logger.error(
        `"${action}" of ${cut(target, LONGEST_TARGET)} is not in the audit record: ${messageOf(error)}`,
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
    return typeof who === 'string' && who.trim() !== '' ? cut(who.trim(), LONGEST_WHO) : null;
  }
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
