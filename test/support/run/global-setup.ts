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
    const name = request.url!.slice(1);
    const answer = async (): Promise<unknown> => {
      if (!parts.has(name)) throw new Error(`No part of the run is called "${name}"`);
      return parts.get(name);
    };
    answer().then(
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
