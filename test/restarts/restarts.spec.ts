import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useProgram } from '../support/run/use-program.js';
import { until } from '../support/until.js';
import type { AppMessage, AppSetup, TestMessage } from './worker/messages.js';

const program = useProgram('test/restarts/worker/main');

let folder: string;
const apps: App[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-restarts-'));
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.kill()));
  rmSync(folder, { recursive: true, force: true });
});

/** A process of an app. */
class App {
  private readonly child: ChildProcess;
  private readonly said: AppMessage[] = [];

  constructor(setup: Omit<AppSetup, 'database'>) {
    const whole: AppSetup = { ...setup, database: join(folder, 'tasks.db') };
    this.child = fork(program.file, [JSON.stringify(whole)]);
    this.child.on('message', (message: AppMessage) => this.said.push(message));
    apps.push(this);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  hears<Event extends AppMessage['event']>(event: Event): Promise<Extract<AppMessage, { event: Event }>> {
    return until(`"${event}" from an app`, () => {
      if (this.hasEnded) throw new Error(`The app ended with ${this.child.exitCode ?? this.child.signalCode}`);
      return this.said.find((message) => message.event === event) as Extract<AppMessage, { event: Event }> | undefined;
    });
  }

  tell(message: TestMessage): void {
    this.child.send(message);
  }

  shutDown(): void {
    this.child.kill('SIGTERM');
  }

  /** Resolves to the signal that Nest ends the process by once its hooks are done. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    await until('the end of an app', () => this.hasEnded);
    return this.child.exitCode ?? this.child.signalCode;
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

async function pidAt(port: number): Promise<number> {
  return Number(await (await fetch(`http://127.0.0.1:${port}/pid`)).text());
}

/** How often a developer saves while a task runs. */
const SAVES = [
  ['express', 10],
  ['fastify', 3],
] as const;

describe.each(SAVES)('an app on %s that is started anew on its port', (platform, saves) => {
  it('listens at once, each time, while the processes before it wait for their handlers', async () => {
    const setup = { platform, servesOn: false };
    let app = new App({ ...setup, port: 0 });
    const { port } = await app.hears('listening');
    const former: App[] = [];
    for (let save = 1; save <= saves; save += 1) {
      await app.hears('begun');
      app.shutDown();
      former.push(app);
      app = new App({ ...setup, port });
      await app.hears('listening');
      expect(await pidAt(port), `after save ${save}`).toBe(app.pid);
    }
    expect(former.filter(({ hasEnded }) => hasEnded)).toEqual([]);
    for (const one of former) one.tell('end the handler');
    expect(new Set(await Promise.all(former.map((one) => one.ended())))).toEqual(new Set(['SIGTERM']));
    expect(await pidAt(port)).toBe(app.pid);
  });

  it('leaves the server to an app whose hooks want to serve on before it closes', async () => {
    const app = new App({ platform, servesOn: true, port: 0 });
    const { port } = await app.hears('listening');
    await app.hears('begun');
    app.shutDown();
    app.tell('end the handler');
    await app.hears('before shutdown');
    expect(await pidAt(port)).toBe(app.pid);
    app.tell('shut down');
    expect(await app.ended()).toBe('SIGTERM');
  });
});
