import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** `nestjs-tasks migrate` as a process of its own. */
export class MigrateProcess {
  output = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;

  /** @param program the compiled `src/main.ts` */
  constructor(program: string, from: string, to: string) {
    this.child = spawn(process.execPath, [program, 'migrate', '--from', from, '--to', to]);
    this.child.stdout!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr!.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    // `close`, not `exit`: by then all of its output is there.
    this.exited = once(this.child, 'close');
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Kills it where it has not ended; resolves to whether that was so. */
  async kill(): Promise<boolean> {
    this.child.kill('SIGKILL');
    await this.exited;
    return this.child.signalCode === 'SIGKILL';
  }

  async end(): Promise<number | null> {
    await this.exited;
    return this.child.exitCode;
  }
}
