import { runCli } from '../../../src/cli/run-cli.js';

export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `nestjs-tasks migrate` in this process. */
export async function migrate(from: string, to: string, ...options: string[]): Promise<Printed> {
  const printed = { out: '', err: '' };
  const code = await runCli(['migrate', '--from', from, '--to', to, ...options], {
    out: (text) => void (printed.out += `${text}\n`),
    err: (text) => void (printed.err += `${text}\n`),
  });
  return { code, ...printed };
}

/** The checksums that a move printed. */
export function checksums({ out }: Pick<Printed, 'out'>): string[] {
  return [...out.matchAll(/^(?:source|target) sha256:([\da-f]{64})$/gm)].map((match) => match[1]!);
}
