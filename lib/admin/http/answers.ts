import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { HttpResponse } from './http-types.js';
import type { ProblemError } from './problem.js';

/** Read by the page alone, and different from one moment to the next. */
const API_HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
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

  empty(response: HttpResponse): void {
    this.text(response, 204, undefined, API_HEADERS);
  }

  text(
    response: HttpResponse,
    status: number,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): void {
    const adapter = this.host.httpAdapter;
    for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
    adapter.reply(response, body, status);
  }
}
