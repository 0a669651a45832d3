import { Inject, Injectable } from '@nestjs/common';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { header, rawRequest, requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { GRAPH_SCRIPT, LATER_SCRIPT, PAGE_SCRIPT, PAGE_STYLE, PAGE_VERSION } from './page.assets.js';
import { PackedFile } from './packed-file.js';
import { pageHtml } from './page-html.js';
import { securityHeaders } from './security-headers.js';

const SECURITY_HEADERS = securityHeaders({ script: "'self'", style: "'self'" });

const SCRIPT = new PackedFile(PAGE_SCRIPT);
const LATER = new PackedFile(LATER_SCRIPT);
const GRAPH = new PackedFile(GRAPH_SCRIPT);
const STYLE = new PackedFile(PAGE_STYLE);

/** The page, its scripts and its style: all there is beside the API. */
@Injectable()
export class PanelPage {
  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly answers: Answers,
  ) {}

  html(request: HttpRequest, response: HttpResponse): void {
    const html = pageHtml(requestUrl(request).pathname, PAGE_VERSION, this.settings);
    this.answers.text(response, 200, html, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      ...SECURITY_HEADERS,
    });
  }

  script(request: HttpRequest, response: HttpResponse): void {
    this.asset(request, response, SCRIPT, 'text/javascript; charset=utf-8');
  }

  laterScript(request: HttpRequest, response: HttpResponse): void {
    this.asset(request, response, LATER, 'text/javascript; charset=utf-8');
  }

  graphScript(request: HttpRequest, response: HttpResponse): void {
    this.asset(request, response, GRAPH, 'text/javascript; charset=utf-8');
  }

  style(request: HttpRequest, response: HttpResponse): void {
    this.asset(request, response, STYLE, 'text/css; charset=utf-8');
  }

  private asset(request: HttpRequest, response: HttpResponse, file: PackedFile, type: string): void {
    const { bytes, coding } = file.forClient(header(rawRequest(request), 'accept-encoding'));
    // The page asks for its own version, which never changes.
    const isVersioned = requestUrl(request).searchParams.get('v') === PAGE_VERSION;
    this.answers.text(response, 200, bytes, {
      'Content-Type': type,
      Vary: 'Accept-Encoding',
      ...(coding !== null && { 'Content-Encoding': coding }),
      'Cache-Control': isVersioned ? 'private, max-age=31536000, immutable' : 'no-cache',
      ...SECURITY_HEADERS,
    });
  }
}
