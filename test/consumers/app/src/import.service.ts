import { Injectable } from '@nestjs/common';
import { TaskHandler, type TaskContext } from 'nestjs-tasks';

export interface ImportParams {
  importId: number;
}

@Injectable()
export class ImportService {
  readonly imported: number[] = [];

  @TaskHandler('import_data', { queue: 'imports' })
  async importData(params: ImportParams, task: TaskContext): Promise<void> {
    task.progress(100, 'Imported');
    this.imported.push(params.importId);
  }
}
