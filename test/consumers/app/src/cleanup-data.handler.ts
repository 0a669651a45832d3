import { TaskHandler, type TaskContext } from 'nestjs-tasks';

@TaskHandler('cleanup_data')
export class CleanupDataHandler {
  async handle(_params: object, task: TaskContext): Promise<void> {
    task.log('Cleaned up');
  }
}
