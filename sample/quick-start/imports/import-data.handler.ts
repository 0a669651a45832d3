import { InjectRepository } from '@nestjs/typeorm';
import { type TaskContext, TaskHandler } from 'nestjs-tasks';
import { Repository } from 'typeorm';
import { Transactions } from '../database/transactions.js';
import { DataImport } from './data-import.entity.js';
import { ImportDataParams } from './import-data.params.js';
import { PostalCode } from './postal-code.entity.js';
import { type PostalCodeRow, readPostalCodes } from './postal-codes.file.js';

/**
 * Imports the file batch by batch. Each transaction stores a batch together with the number of rows done so far, so an
 * attempt that follows a crash goes on behind the last batch that was committed: no row is lost, none is there twice.
 */
@TaskHandler('import_data', { params: ImportDataParams, queue: 'imports' })
export class ImportDataHandler {
  constructor(
    @InjectRepository(DataImport) private readonly imports: Repository<DataImport>,
    private readonly transactions: Transactions,
  ) {}

  async handle({ importId, batchSize }: ImportDataParams, task: TaskContext): Promise<void> {
    let { rowsDone } = await this.imports.findOneByOrFail({ id: importId });
    if (rowsDone > 0) task.log(`Resuming after row ${rowsDone}`);

    await readPostalCodes(rowsDone, batchSize, async (rows, percent) => {
      task.signal.throwIfAborted(); // cancelled, timed out or shutting down: stop between two transactions
      await this.store(importId, rowsDone, rows);
      rowsDone += rows.length;
      task.progress(percent, `${rowsDone} rows`);
    });

    await this.transactions.run((manager) => manager.update(DataImport, importId, { finishedAt: new Date() }));
    task.log(`Finished with ${rowsDone} rows`);
  }

  private async store(importId: string, rowsDone: number, rows: PostalCodeRow[]): Promise<void> {
    await this.transactions.run(async (manager) => {
      const position = { id: importId, rowsDone };
      const { affected } = await manager.update(DataImport, position, { rowsDone: rowsDone + rows.length });
      if (affected !== 1) throw new Error(`Import ${importId} is no longer at row ${rowsDone}: somebody else is at it`);
      await manager
        .createQueryBuilder()
        .insert()
        .into(PostalCode)
        .values(rows.map((row) => ({ ...row, importId })))
        .updateEntity(false)
        .execute();
    });
  }
}
