import { Injectable } from '@nestjs/common';
import { DEFAULT_PAGE_SIZE, given } from '../../checks/index.js';
import { MAX_PANEL_PAGE_SIZE } from '../admin.constants.js';
import type { HttpRequest } from '../http/http-types.js';
import { AllowedStore } from '../rights/allowed-store.js';
import { queryOf, type Resource, type Routes, withoutQuery } from './resource.js';

/** What the store says of all its tasks together, of who works on them and of who changed something. */
@Injectable()
export class StoreResource implements Resource {
  constructor(private readonly store: AllowedStore) {}

  readonly routes: Routes = {
    'GET workers': withoutQuery((request) => this.store.workers(request)),
    'GET outbox': withoutQuery((request) => this.store.outbox(request)),
    'GET errors': (request) => this.errorGroups(request),
    'GET metrics': (request) => this.metrics(request),
    'GET audit': (request) => this.audit(request),
  };

  private errorGroups(request: HttpRequest): unknown {
    const fields = queryOf(request, ['queue', 'name']);
    const query = given({ queue: fields.text('queue'), name: fields.text('name') });
    fields.done();
    return this.store.errorGroups(request, query);
  }

  private metrics(request: HttpRequest): unknown {
    const fields = queryOf(request, ['queue', 'name', 'by', 'histograms', 'window']);
    const histograms = fields.oneOf('histograms', ['true', 'false']);
    const window = fields.text('window');
    const query = given({
      queue: fields.text('queue'),
      name: fields.text('name'),
      by: fields.oneOf('by', ['queue', 'name']),
      histograms: histograms === undefined ? undefined : histograms === 'true',
      window: window === undefined ? undefined : asDuration(window),
    });
    fields.done();
    return this.store.metrics(request, query);
  }

  private audit(request: HttpRequest): unknown {
    const fields = queryOf(request, ['cursor', 'limit']);
    const cursor = fields.text('cursor');
    const limit = fields.wholeNumber('limit', 1, MAX_PANEL_PAGE_SIZE) ?? DEFAULT_PAGE_SIZE;
    fields.done();
    return this.store.audit(request, { limit, ...given({ cursor }) });
  }
}

/** Digits alone are milliseconds, as a number is elsewhere. */
function asDuration(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text;
}
