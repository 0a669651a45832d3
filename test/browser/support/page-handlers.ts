import { Injectable } from '@nestjs/common';
import { TaskHandler } from '../../../lib/index.js';

export const HOSTILE_NAME = '<img src=x onerror=alert(1)>';
export const HOSTILE_ERROR = '</pre><script>alert(2)</script>\u202Egnp.exe\u0007';

/** Tasks that a person meets on the page. */
@Injectable()
export class PageHandlers {
  /** While it is true, `flaky` fails. */
  isBroken = true;

  @TaskHandler('flaky', { maxRetries: 0 })
  flaky(): Promise<string> {
    return this.isBroken ? Promise.reject(new RangeError('The mail server is away')) : Promise.resolve('sent');
  }

  @TaskHandler(HOSTILE_NAME, { maxRetries: 0 })
  hostile(): Promise<never> {
    return Promise.reject(new Error(HOSTILE_ERROR));
  }
}
