import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Answers } from '../http/answers.js';
import { requestUrl, type HttpRequest, type HttpResponse } from '../http/http-types.js';
import type { ProblemError } from '../http/problem.js';
import { baseOf, escapeHtml } from './html.js';
import { SIGN_IN_SCRIPT, SIGN_IN_STYLE } from './page.assets.js';
import { securityHeaders } from './security-headers.js';

const SECURITY_HEADERS = securityHeaders({ script: hashOf(SIGN_IN_SCRIPT), style: hashOf(SIGN_IN_STYLE) });

/**
 * Asks for the key. One document with all it needs inside, known to the browser by its hashes: nothing else of the panel
 * need be served to whoever has no key.
 */
@Injectable()
export class SignInPage {
  constructor(private readonly answers: Answers) {}

  /** @param problem that the page stands for */
  answer(request: HttpRequest, response: HttpResponse, { status, headers }: ProblemError): void {
    this.answers.text(response, status, signInHtml(baseOf(requestUrl(request).pathname)), {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      ...SECURITY_HEADERS,
      ...headers,
    });
  }
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function signInHtml(base: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>The panel wants its key</title>
<link rel="icon" href="data:,">
<style>${SIGN_IN_STYLE}</style>
</head>
<body>
<main>
<h1>The panel wants its key</h1>
<p>Open the address that the app logs when it starts, with <code>#key=</code> near its end. Or enter here what stands behind that.</p>
<form data-session="${escapeHtml(base)}session">
<label for="key">Key</label>
<input id="key" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" required>
<p role="alert" hidden></p>
<button>Open the panel</button>
</form>
<noscript><p>This page needs JavaScript. Programs send the key as a bearer token.</p></noscript>
</main>
<script type="module">${SIGN_IN_SCRIPT}</script>
</body>
</html>
`;
}
