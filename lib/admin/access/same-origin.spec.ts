import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isNavigation, isSameOrigin } from './same-origin.js';

function request(headers: Record<string, string>, method = 'POST'): IncomingMessage {
  return { method, headers: { host: 'panel.example:8080', ...headers } } as unknown as IncomingMessage;
}

describe('isSameOrigin', () => {
  it.each<[string, Record<string, string>]>([
    ['a program that says nothing', {}],
    ['the origin itself', { origin: 'http://panel.example:8080' }],
    ['the origin in another case', { origin: 'http://Panel.Example:8080' }],
    ['the origin behind TLS', { origin: 'https://panel.example:8080' }],
    ['a default port that is left out', { host: 'panel.example:443', origin: 'https://panel.example' }],
    ['its own page', { 'sec-fetch-site': 'same-origin', origin: 'http://panel.example:8080' }],
    ['the address bar', { 'sec-fetch-site': 'none' }],
  ])('is true for %s', (_who, headers) => {
    expect(isSameOrigin(request(headers), [])).toBe(true);
    expect(isSameOrigin(request(headers), ['https://other.example'])).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['another host', { origin: 'http://evil.example' }],
    ['another port', { origin: 'http://panel.example:9090' }],
    ['no port', { origin: 'http://panel.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ["a file in an app's web view", { host: 'localhost', origin: 'file://' }],
    ['another scheme', { host: 'localhost', origin: 'capacitor://localhost' }],
    ['a name that begins alike', { origin: 'http://panel.example:8080.evil.example' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling', { 'sec-fetch-site': 'same-site' }],
    ['another site that names this origin', { 'sec-fetch-site': 'cross-site', origin: 'http://panel.example:8080' }],
  ])('is false for %s', (_who, headers) => {
    expect(isSameOrigin(request(headers), [])).toBe(false);
    expect(isSameOrigin(request(headers), ['https://other.example'])).toBe(false);
  });

  it('goes by the origins that were listed, where a proxy changes Host', () => {
    const rewritten = { host: 'internal:1', origin: 'http://panel.example' };
    expect(isSameOrigin(request(rewritten), ['http://panel.example'])).toBe(true);
    expect(isSameOrigin(request(rewritten), [])).toBe(false);
    expect(isSameOrigin(request(rewritten), ['https://panel.example'])).toBe(false);
    expect(isSameOrigin(request({ ...rewritten, 'sec-fetch-site': 'same-site' }), ['http://panel.example'])).toBe(
      false,
    );
  });

  it('takes the word of the browser, which no script can put there, where a proxy changes Host', () => {
    const rewritten = { host: 'internal:1', origin: 'https://panel.example', 'sec-fetch-site': 'same-origin' };
    expect(isSameOrigin(request(rewritten), [])).toBe(true);
  });

  it.each(['x-forwarded-host', 'x-original-host', 'x-host', 'forwarded'])(
    'believes no header of a script: %s',
    (name) => {
      const forwarded = { origin: 'http://evil.example', [name]: 'evil.example' };
      expect(isSameOrigin(request(forwarded), [])).toBe(false);
    },
  );
});

describe('isNavigation', () => {
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

  it('is a link that is followed', () => {
    expect(isNavigation(request(link, 'GET'))).toBe(true);
  });

  it.each<[string, string, Record<string, string>]>([
    ['a form that is sent', 'POST', link],
    ['a frame', 'GET', { ...link, 'sec-fetch-dest': 'iframe' }],
    ['a script', 'GET', { ...link, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }],
    ['a fetch', 'GET', { ...link, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['what names an origin', 'GET', { ...link, origin: 'https://evil.example' }],
  ])('is not %s', (_what, method, headers) => {
    expect(isNavigation(request(headers, method))).toBe(false);
  });
});
