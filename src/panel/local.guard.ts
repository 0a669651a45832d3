import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { notLocal } from '../../lib/admin/access/local-request.js';

/**
 * Lets in what comes straight from this machine, as a panel without guards does. It stands here so that the panel opens
 * where `NODE_ENV` says `production` too: an unguarded one is not mounted there, but this program is nothing else.
 */
@Injectable()
export class LocalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    // Fastify's request wraps Node's own.
    const request = context.switchToHttp().getRequest<IncomingMessage & { raw?: IncomingMessage }>();
    const reason = notLocal(request.raw ?? request);
    if (reason === null) return true;
    throw new ForbiddenException(
      `The panel answers only direct requests of its own machine, and this is none: ${reason}.`,
    );
  }
}
