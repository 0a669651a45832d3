import { Body, Controller, Get, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import type { Task } from 'nestjs-tasks';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import type { DataImport } from './data-import.entity.js';
import { ImportsService } from './imports.service.js';

class StartImportDto {
  /** Rows in one transaction: fewer make it slower to watch. */
  @IsOptional() @IsInt() @Min(1) @Max(2_000) batchSize?: number;
}

@Controller('imports')
export class ImportsController {
  constructor(private readonly imports: ImportsService) {}

  @Post()
  @HttpCode(202)
  start(@Body() { batchSize }: StartImportDto): Promise<{ importId: string; task: Task }> {
    return this.imports.start(batchSize);
  }

  @Get()
  list(): Promise<DataImport[]> {
    return this.imports.list();
  }

  @Get(':id')
  find(@Param('id', ParseUUIDPipe) id: string): Promise<DataImport & { rowsStored: number }> {
    return this.imports.find(id);
  }
}
