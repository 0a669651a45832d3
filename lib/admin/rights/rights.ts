import { Inject, Injectable } from '@nestjs/common';
import type { AdminAbout, AdminAction } from '../../config/index.js';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { ProblemError } from '../http/problem.js';

/** What one person may see and do, as `admin.can` says; asked once about the same for a request. */
export class Rights {
  private readonly answers = new Map<string, Promise<boolean>>();

  constructor(
    private readonly can: NonNullable<AdminSettings['can']>,
    private readonly request: HttpRequest,
  ) {}

  may(action: AdminAction, { queue, name, tags }: AdminAbout): Promise<boolean> {
    const about = {
      ...(queue !== undefined && { queue }),
      ...(name !== undefined && { name }),
      ...(tags !== undefined && { tags }),
    };
    const key = JSON.stringify([action, queue, name, tags]);
    let answer = this.answers.get(key);
    if (!answer) {
      const asked: unknown = this.can(this.request as { user?: unknown }, action, about);
      // What is neither true nor false, whatever the types say, is no yes.
      answer = Promise.resolve(asked).then((allowed) => allowed === true);
      this.answers.set(key, answer);
    }
    return answer;
  }

  sees(about: AdminAbout): Promise<boolean> {
    return this.may('see', about);
  }

  /** @throws ProblemError 403 */
  async require(action: AdminAction, about: AdminAbout): Promise<void> {
    if (await this.may(action, about)) return;
    const what = [about.queue && `queue "${about.queue}"`, about.name && `task "${about.name}"`]
      .filter(Boolean)
      .join(', ');
    throw new ProblemError(403, 'not_allowed', `"admin.can" does not allow "${action}"${what && ` on ${what}`}.`);
  }

  /** Those of `items` that may be seen, in their order. */
  async visible<T>(items: readonly T[], aboutOf: (item: T) => AdminAbout): Promise<T[]> {
    const seen = await Promise.all(items.map((item) => this.sees(aboutOf(item))));
    return items.filter((_, index) => seen[index]);
  }
}

/** The rights of whoever is behind a request; null where the panel makes no difference between people. */
@Injectable()
export class RightsOf {
  private readonly known = new WeakMap<HttpRequest, Rights>();

  constructor(@Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings) {}

  for(request: HttpRequest): Rights | null {
    const { can } = this.settings;
    if (can === null) return null;
    let rights = this.known.get(request);
    if (!rights) this.known.set(request, (rights = new Rights(can, request)));
    return rights;
  }

  /** As {@link for}, asked anew: for a stream, whose rights may change while it lasts. */
  anew(request: HttpRequest): Rights | null {
    this.known.delete(request);
    return this.for(request);
  }
}
