import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataImport } from './data-import.entity.js';
import { ImportDataHandler } from './import-data.handler.js';
import { ImportsController } from './imports.controller.js';
import { ImportsService } from './imports.service.js';
import { PostalCode } from './postal-code.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([DataImport, PostalCode])],
  controllers: [ImportsController],
  providers: [ImportsService, ImportDataHandler],
  exports: [ImportsService, TypeOrmModule],
})
export class ImportsModule {}
