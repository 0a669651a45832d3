import { ProblemError } from '../http/problem.js';

/** The panel wants its key, and the request has none or a wrong one. */
export class KeyRequiredError extends ProblemError {
  constructor(isWrong: boolean) {
    const how =
      'Send it as "Authorization: Bearer <key>", or open in a browser the address that the app logs when it starts.';
    super(
      401,
      'key_required',
      isWrong ? `This is not the key of the panel. ${how}` : `The panel wants its key. ${how}`,
      {},
      { 'WWW-Authenticate': `Bearer realm="nestjs-tasks"${isWrong ? ', error="invalid_token"' : ''}` },
    );
  }
}
