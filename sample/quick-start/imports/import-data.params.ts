import { IsInt, IsUUID, Max, Min } from 'class-validator';

export class ImportDataParams {
  @IsUUID() importId!: string;
  /** Rows in one transaction. */
  @IsInt() @Min(1) @Max(2_000) batchSize!: number;
}

declare module 'nestjs-tasks' {
  interface TaskParams {
    import_data: ImportDataParams;
  }
}
