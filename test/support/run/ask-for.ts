import { inject } from 'vitest';
import type { BundleOptions } from './bundle.js';
import type { PartName, Parts } from './parts.js';

/** A part that the specs of this run share; made now where no spec has asked for it before. */
export function askFor<Name extends PartName>(name: Name): Promise<Parts[Name]> {
  return ask(name);
}

/** Path of a compiled program in one file; made now where no spec has asked for it before. */
export function askForProgram(source: string, { minify = false }: BundleOptions): Promise<string> {
  return ask(`${source}${minify ? '?minify' : ''}`);
}

async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${inject('sharedParts')}/${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`The run's "${path}" cannot be had:\n${text}`);
  return JSON.parse(text) as Answer;
}
