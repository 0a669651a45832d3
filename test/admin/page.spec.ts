import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, AdminApp } from './support/admin-app.js';

describe.each(ADAPTERS)('the page on %s', (adapter) => {
  let app: AdminApp;
  beforeAll(async () => {
    app = await AdminApp.start({ adapter, tasks: { workers: false } });
  });
  afterAll(() => app.stop());

  it.each(['/admin/tasks', '/admin/tasks/', '/admin/tasks?a=b', '/admin/tasks/?a=b'])(
    'is there at %s, and what it links to resolves from there',
    async (path) => {
      const page = await app.ask('GET', path);
      expect(page).toMatchObject({ status: 200, type: 'text/html' });
      const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link!);
      const assets = links.filter((link) => !link.startsWith('data:'));
      expect(assets).toHaveLength(2);
      for (const link of assets) {
        // As behind a proxy that mounts the app elsewhere: nothing may be absolute.
        expect(link.startsWith('./')).toBe(true);
        const { pathname, search } = new URL(link, `${app.origin}${path}`);
        expect((await app.ask('GET', `${pathname}${search}`)).status).toBe(200);
      }
    },
  );

  it('loads nothing from elsewhere and runs nothing inline', async () => {
    const page = await app.ask('GET', '/admin/tasks');
    const policy = page.headers.get('content-security-policy')!.split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
    expect(page.text).not.toMatch(/https?:\/\//);
    expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('serves its script and style, for long by their version and not without', async () => {
    const page = await app.ask('GET', '/admin/tasks/');
    const [, version] = /page\.js\?v=([\w-]+)/.exec(page.text)!;
    for (const [name, type] of [
      ['page.js', 'text/javascript'],
      ['later-views.js', 'text/javascript'],
      ['graph.js', 'text/javascript'],
      ['page.css', 'text/css'],
    ] as const) {
      const versioned = await app.ask('GET', `/admin/tasks/${name}?v=${version}`);
      expect(versioned).toMatchObject({ status: 200, type });
      expect(versioned.headers.get('cache-control')).toContain('immutable');
      const plain = await app.ask('GET', `/admin/tasks/${name}`);
      expect(plain.text).toBe(versioned.text);
      expect(plain.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('sends its script and style compressed, once and for all, to whoever takes them so', async () => {
    for (const [name, accepted, coding, unpack] of [
      ['page.js', 'gzip, deflate, br', 'br', brotliDecompressSync],
      ['page.js', 'gzip', 'gzip', gunzipSync],
      ['page.css', 'br', 'br', brotliDecompressSync],
      ['page.js', 'identity', undefined, (bytes: Buffer) => bytes],
    ] as const) {
      const answer = await new Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }>((resolve, reject) => {
        get(`${app.origin}/admin/tasks/${name}`, { headers: { 'Accept-Encoding': accepted } }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () => resolve({ headers: response.headers, bytes: Buffer.concat(parts) }));
        }).on('error', reject);
      });
      expect(answer.headers).toMatchObject({
        vary: 'Accept-Encoding',
        'content-type': expect.stringContaining('text/'),
      });
      expect(answer.headers['content-encoding']).toBe(coding);
      expect(Number(answer.headers['content-length'])).toBe(answer.bytes.length);
      const plain = (await app.ask('GET', `/admin/tasks/${name}`)).text;
      expect(unpack(answer.bytes).toString()).toBe(plain);
      if (coding !== undefined) expect(answer.bytes.length).toBeLessThan(plain.length / 2);
    }
  });

  it('answers HEAD', async () => {
    expect(await app.ask('HEAD', '/admin/tasks')).toMatchObject({ status: 200, text: '' });
  });
});
