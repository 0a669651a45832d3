import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { SharedParts } from './shared-parts.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the parts that the specs of a run share are asked for by name. */
    readonly sharedParts: string;
  }
}

/** Hands the shared parts of the run to the processes of its specs, over loopback. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const parts = new SharedParts();
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://127.0.0.1');
    const name = pathname.slice(1);
    const asked = parts.has(name) ? parts.get(name) : parts.program(name, { minify: search === '?minify' });
    asked.then(
      (part) => response.end(JSON.stringify(part)),
      (error: unknown) => response.writeHead(500).end(String((error as Error).stack)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  project.provide('sharedParts', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  project.onTestsRerun(() => parts.forgetCompiled());
  return async () => {
    server.closeAllConnections();
    server.close();
    await parts.removeAll();
  };
}
