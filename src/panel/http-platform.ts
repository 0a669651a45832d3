import type { AbstractHttpAdapter } from '@nestjs/core';
import { CliError } from '../cli/usage-error.js';

/** The HTTP platform that is installed beside the package, Express before Fastify. */
export async function httpPlatform(): Promise<AbstractHttpAdapter> {
  const platform = (await express()) ?? (await fastify());
  if (platform) return platform;
  throw new CliError(
    'The panel needs an HTTP platform of Nest, and none is installed. Install one with: npm install @nestjs/platform-express',
  );
}

async function express(): Promise<AbstractHttpAdapter | undefined> {
  const platform = await unlessMissing(() => import('@nestjs/platform-express'));
  return platform && new platform.ExpressAdapter();
}

async function fastify(): Promise<AbstractHttpAdapter | undefined> {
  const platform = await unlessMissing(() => import('@nestjs/platform-fastify'));
  return platform && new platform.FastifyAdapter();
}

async function unlessMissing<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
