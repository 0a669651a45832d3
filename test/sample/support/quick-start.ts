import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '../../../lib/contract/index.js';
import { type Compiled, REPOSITORY } from '../../support/run/compiled.js';
import { ServerProcess } from './server-process.js';
import { until } from '../../support/until.js';

/** The quick-start sample as a process of its own, with its data in a temporary folder. */
export class QuickStart {
  private readonly folder = mkdtempSync(join(tmpdir(), 'nestjs-tasks-quick-start-'));
  private process: ServerProcess | undefined;

  /** @param url as the sample's TASKS_URL; none: SQLite */
  constructor(
    private readonly compiled: Compiled,
    private readonly url = '',
  ) {}

  get databaseFile(): string {
    return join(this.folder, 'app.db');
  }

  get server(): ServerProcess {
    if (!this.process) throw new Error('The sample was not started');
    return this.process;
  }

  async start(): Promise<void> {
    this.process = await ServerProcess.start([this.compiled.file('sample/quick-start/main')], {
      cwd: join(REPOSITORY, 'sample/quick-start'),
      env: { PORT: '0', DATA_DIR: this.folder, TASKS_URL: this.url },
    });
  }

  async remove(): Promise<void> {
    await this.process?.end('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Enqueues through one of the sample's routes, and resolves to the task's id. */
  async enqueue(path: string, body: object = {}): Promise<string> {
    const answer = await this.server.post<{ id?: string; task?: { id: string } }>(path, body);
    const id = answer.body.id ?? answer.body.task?.id;
    if (answer.status >= 300 || !id) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return id;
  }

  async task(id: string): Promise<Task> {
    return (await this.server.get<Task>(`/admin/tasks/api/tasks/${id}`)).body;
  }

  /** Resolves to the task once it has ended. */
  async ended(id: string): Promise<Task> {
    return until(`the end of task ${id}`, async () => {
      const task = await this.task(id);
      return ['completed', 'failed', 'cancelled'].includes(task.state) && task;
    });
  }

  /** Tasks whose id, params or error contain `text`. */
  async search(text: string): Promise<Task[]> {
    const path = `/admin/tasks/api/tasks?search=${encodeURIComponent(text)}`;
    return (await this.server.get<{ items: Task[] }>(path)).body.items;
  }
}
