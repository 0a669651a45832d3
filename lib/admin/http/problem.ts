import { STATUS_CODES } from 'node:http';
import type { WrongField } from '../../checks/index.js';

/** An error answer of the API, as RFC 9457 has it. */
export interface ProblemDocument {
  readonly type: 'about:blank';
  /** The phrase of the status, as `about:blank` asks for. */
  readonly title: string;
  readonly status: number;
  /** A stable word for programs: `unknown_queue`, `invalid_request`, … */
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly WrongField[];
  readonly [extension: string]: unknown;
}

/** Thrown by what answers requests; the filter writes it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  /** @param extensions further members of the document; undefined ones are left out. */
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly extensions: { readonly errors?: readonly WrongField[]; readonly [name: string]: unknown } = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  toDocument(): ProblemDocument {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      code: this.code,
      detail: this.message,
      ...this.extensions,
    };
  }
}
