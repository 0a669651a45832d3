import { Inject } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { TasksConfigError } from '../contract/index.js';

/**
 * The app's DataSource that an option means, initialised. Whether it is fit for what it is to hold is for that to say.
 *
 * @param option the object, or the name under which `@nestjs/typeorm` provides it
 * @param moduleRef of the tasks' module
 * @param field the option
 * @throws TasksConfigError
 */
export async function findDataSource(
  option: string | DataSource,
  moduleRef: ModuleRef,
  field: 'dataSource' | 'outbox',
): Promise<DataSource> {
  const dataSource = typeof option === 'string' ? await findByName(option, moduleRef, field) : option;
  const label = labelOf(option);
  if (!dataSource.isInitialized) {
    throw new TasksConfigError(
      `"${field}": ${label} is not initialised. Call its initialize() before the app is created.`,
    );
  }
  return dataSource;
}

/** Names a DataSource for errors. */
export function labelOf(option: string | DataSource): string {
  return typeof option === 'string' ? `the DataSource "${option}"` : 'the DataSource';
}

async function findByName(name: string, moduleRef: ModuleRef, field: string): Promise<DataSource> {
  const token = tokenOf(name);
  class NeedsDataSource {
    constructor(readonly dataSource: DataSource) {}
  }
  Inject(token)(NeedsDataSource, undefined, 0);
  try {
    // Injected and not looked up: injection waits for an async provider, such as TypeOrmModule's that connects.
    const { dataSource } = await moduleRef.create(NeedsDataSource);
    return dataSource;
  } catch (error) {
    const visible = providedElsewhere(token, moduleRef);
    if (visible) return visible;
    if (isProvided(token, moduleRef)) {
      // The provider's own error, such as a database that cannot be opened, says more.
      if (!isUnresolved(error)) throw error;
      throw new TasksConfigError(
        `"${field}": the DataSource "${name}" is provided by a module that is not global, and is not there yet. Make ` +
          'that module global, or give the DataSource itself: TasksModule.forRootAsync({ imports, inject, useFactory }).',
        { cause: error },
      );
    }
    throw new TasksConfigError(
      `"${field}": there is no DataSource "${name}". Import TypeOrmModule.forRoot({ ${
        name === 'default' ? '' : `name: '${name}', `
      }… }), or give the DataSource itself through TasksModule.forRootAsync.`,
      { cause: error },
    );
  }
}

/** Nest exports no class of it, and a bundle that is minified has another name for the one it has. */
function isUnresolved(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Nest can't resolve dependencies");
}

/** As `getDataSourceToken` of `@nestjs/typeorm`, which an app need not have. */
function tokenOf(name: string): string | typeof DataSource {
  return name === 'default' ? DataSource : `${name}DataSource`;
}

/** In a module that is not global. Not there yet when its provider is asynchronous. */
function providedElsewhere(token: string | typeof DataSource, moduleRef: ModuleRef): DataSource | null {
  try {
    return moduleRef.get<DataSource | null>(token, { strict: false });
  } catch {
    return null;
  }
}

function isProvided(token: string | typeof DataSource, moduleRef: ModuleRef): boolean {
  try {
    moduleRef.introspect(token);
    return true;
  } catch {
    return false;
  }
}
