import { Injectable, StreamableFile } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { HttpResponse } from './http-types.js';
import type { ProblemError } from './problem.js';

/** Read by the page alone, and different from one moment to the next. */
const API_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  // For what a page embeds without asking by CORS, so that no Origin comes with it.
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * Writes answers itself, as text and through Nest's adapter, so that neither the app's interceptors nor its serializers
 * change them, while headers that its middleware has set stay.
 */
@Injectable()
export class Answers {
  constructor(private readonly host: HttpAdapterHost) {}

  json(response: HttpResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.text(response, status, JSON.stringify(body), {
      'Content-Type': 'application/json; charset=utf-8',
      ...API_HEADERS,
      ...headers,
    });
  }

  problem(response: HttpResponse, problem: ProblemError): void {
    this.text(response, problem.status, JSON.stringify(problem.toDocument()), {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...API_HEADERS,
      ...problem.headers,
    });
  }

  empty(response: HttpResponse, headers: Readonly<Record<string, string>> = {}): void {
    this.text(response, 204, undefined, { ...API_HEADERS, ...headers });
  }

  /** @param body bytes where it is compressed */
  text(
    response: HttpResponse,
    status: number,
    body: string | Uint8Array | undefined,
    headers: Readonly<Record<string, string>>,
  ): void {
    const adapter = this.host.httpAdapter;
    for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
    // Bytes as such would become JSON.
    const sent = body instanceof Uint8Array ? new StreamableFile(body, { length: body.length }) : body;
    adapter.reply(response, sent, status);
  }
}
