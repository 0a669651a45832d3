import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { AdminSettings } from '../admin-settings.js';
import { ADMIN_SETTINGS } from '../admin.constants.js';
import { Answers } from '../http/answers.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import { PAGE_SCRIPT, PAGE_STYLE, PAGE_VERSION } from './page.assets.js';
import { pageHtml } from './page-html.js';
import { Page } from './page-marker.js';

/** Nothing from elsewhere, nothing inline, and in nobody's frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

@Controller()
export class PageController {
  constructor(
    @Inject(ADMIN_SETTINGS) private readonly settings: AdminSettings,
    private readonly answers: Answers,
  ) {}

  // The second is the path with a slash at its end, of which Nest takes one away; Fastify tells the two apart.
  @Page()
  @Get(['', '//'])
  page(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
    const html = pageHtml(requestUrl(request).pathname, PAGE_VERSION, this.settings);
    this.answers.text(response, 200, html, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      ...SECURITY_HEADERS,
    });
  }

  @Get('page.js')
  script(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
    this.asset(request, response, PAGE_SCRIPT, 'text/javascript; charset=utf-8');
  }

  @Get('page.css')
  style(@Req() request: HttpRequest, @Res() response: HttpResponse): void {
    this.asset(request, response, PAGE_STYLE, 'text/css; charset=utf-8');
  }

  private asset(request: HttpRequest, response: HttpResponse, text: string, type: string): void {
    // The page asks for its own version, which never changes.
    const isVersioned = requestUrl(request).searchParams.get('v') === PAGE_VERSION;
    this.answers.text(response, 200, text, {
      'Content-Type': type,
      'Cache-Control': isVersioned ? 'private, max-age=31536000, immutable' : 'no-cache',
      ...SECURITY_HEADERS,
    });
  }
}
