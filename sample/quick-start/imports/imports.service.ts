import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type Task, TaskDispatcher } from 'nestjs-tasks';
import { Repository } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { DataImport } from './data-import.entity.js';
import { PostalCode } from './postal-code.entity.js';

const DEFAULT_BATCH_SIZE = 500;

@Injectable()
export class ImportsService {
  constructor(
    @InjectRepository(DataImport) private readonly imports: Repository<DataImport>,
    @InjectRepository(PostalCode) private readonly postalCodes: Repository<PostalCode>,
    private readonly transactions: Transactions,
    private readonly tasks: TaskDispatcher,
  ) {}

  /** Stores the import and its task together, or neither. */
  start(batchSize = DEFAULT_BATCH_SIZE): Promise<{ importId: string; task: Task }> {
    return this.transactions.run(async (manager) => {
      const { id: importId } = await manager.save(manager.create(DataImport));
      const task = await this.tasks.queue('imports', 'import_data', { importId, batchSize }, { manager });
      return { importId, task };
    });
  }

  async find(id: string): Promise<DataImport & { rowsStored: number }> {
    const found = await this.imports.findOneBy({ id });
    if (!found) throw new NotFoundException(`There is no import ${id}`);
    return { ...found, rowsStored: await this.postalCodes.countBy({ importId: id }) };
  }

  list(): Promise<DataImport[]> {
    return this.imports.find({ order: { createdAt: 'DESC' }, take: 20 });
  }
}
