import { inject } from 'vitest';
import type { PartName, Parts } from './parts.js';

/** A part that the specs of this run share; made now where no spec has asked for it before. */
export async function askFor<Name extends PartName>(name: Name): Promise<Parts[Name]> {
  const response = await fetch(`${inject('sharedParts')}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`The run's "${name}" cannot be had:\n${text}`);
  return JSON.parse(text) as Parts[Name];
}
