import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import type { Database } from 'better-sqlite3';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Transactions } from './transactions.js';

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: () => {
        const folder = process.env.DATA_DIR ?? 'data';
        mkdirSync(folder, { recursive: true });
        return {
          type: 'better-sqlite3',
          database: join(folder, 'app.db'),
          enableWAL: true,
          // What is committed survives a loss of power, too; better-sqlite3 builds SQLite with less as the default.
          prepareDatabase: (database: Database) => void database.pragma('synchronous = FULL'),
          autoLoadEntities: true,
          synchronize: true, // A sample may; an app in production has migrations.
        };
      },
    }),
  ],
  providers: [Transactions],
  exports: [Transactions],
})
export class DatabaseModule {}
