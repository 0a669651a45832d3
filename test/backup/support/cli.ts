import { runCli } from '../../../src/cli/run-cli.js';

/** Runs the command line as `npx nestjs-tasks` does. */
export async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const printed = { out: '', err: '' };
  const code = await runCli(args, {
    out: (text) => void (printed.out += `${text}\n`),
    err: (text) => void (printed.err += `${text}\n`),
  });
  return { code, ...printed };
}
