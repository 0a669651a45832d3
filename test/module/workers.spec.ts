import { describe, expect, it } from 'vitest';
import { TasksConfigError } from '../../lib/contract/index.js';
import { TaskHandler } from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { bootApp, dispatcherOf } from './support.js';

@TaskHandler('note')
class NoteHandler {
  async handle(): Promise<void> {}
}

class Early {
  refused: unknown;

  constructor(private readonly tasks: TaskDispatcher) {}

  async onModuleInit(): Promise<void> {
    this.refused = await this.tasks.start().catch((error: unknown) => error);
  }
}

describe('Workers', () => {
  it('are refused while the app starts, and where they work already', async () => {
    const early = { provide: Early, useFactory: (tasks: TaskDispatcher) => new Early(tasks), inject: [TaskDispatcher] };
    const app = await bootApp({ providers: [early, NoteHandler] });
    expect(app.get(Early).refused).toBeInstanceOf(TasksConfigError);
    await expect(dispatcherOf(app).work({ until: 'idle' })).rejects.toThrow('autoStart: false');
  });
});
