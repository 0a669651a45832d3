import { Inject } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { listOf, TasksConfigError } from './errors/index.js';

/**
 * The app's DataSource that the option `dataSource` means, initialised and fit to hold tasks.
 *
 * @param option the object, or the name under which `@nestjs/typeorm` provides it
 * @param moduleRef of the tasks' module
 * @throws TasksConfigError
 */
export async function findDataSource(option: string | DataSource, moduleRef: ModuleRef): Promise<DataSource> {
  const dataSource = typeof option === 'string' ? await findByName(option, moduleRef, 'dataSource') : option;
  const label = typeof option === 'string' ? `the DataSource "${option}"` : 'the DataSource';
  const { type, database } = dataSource.options;
  if (type !== 'better-sqlite3') {
    throw new TasksConfigError(
      `"dataSource": ${label} is of type "${type}"; tasks live in one of type "better-sqlite3". ` +
        'Leave "dataSource" out and give "database", a file of its own for the tasks.',
    );
  }
  if (typeof database !== 'string' || database === '' || database === ':memory:') {
    throw new TasksConfigError(
      `"dataSource": the database of ${label} must be a file, as tasks are read and written on a connection of their own.`,
    );
  }
  if (!dataSource.isInitialized) {
    throw new TasksConfigError(
      `"dataSource": ${label} is not initialised. Call its initialize() before the app is created.`,
    );
  }
  return dataSource;
}

/** Kinds of databases that may have an outbox. */
const OUTBOX_TYPES: readonly string[] = ['better-sqlite3', 'postgres', 'mysql', 'mariadb'];

/**
 * The app's DataSource that the option `outbox` means, initialised and fit to have an outbox.
 *
 * @throws TasksConfigError
 */
export async function findOutboxDataSource(option: string | DataSource, moduleRef: ModuleRef): Promise<DataSource> {
  const dataSource = typeof option === 'string' ? await findByName(option, moduleRef, 'outbox') : option;
  const label = typeof option === 'string' ? `the DataSource "${option}"` : 'the DataSource';
  const { type, database } = dataSource.options;
  if (!OUTBOX_TYPES.includes(type)) {
    throw new TasksConfigError(
      `"outbox": ${label} is of type "${type}"; an outbox can be in one of ${listOf(OUTBOX_TYPES)}.`,
    );
  }
  if (type === 'better-sqlite3' && (typeof database !== 'string' || database === '' || database === ':memory:')) {
    throw new TasksConfigError(
      `"outbox": the database of ${label} must be a file, as what has committed is read on a connection of its own.`,
    );
  }
  if (!dataSource.isInitialized) {
    throw new TasksConfigError(
      `"outbox": ${label} is not initialised. Call its initialize() before the app is created.`,
    );
  }
  return dataSource;
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
      // What the provider itself threw, such as a database that cannot be opened, says more.
      if (!(error instanceof Error) || error.constructor.name !== 'UnknownDependenciesException') throw error;
      throw new TasksConfigError(
        `"${field}": the DataSource "${name}" is provided by a module that is not global, and is not there yet. Make ` +
          'that module global, or give the DataSource itself: TasksModule.forRootAsync({ imports, inject, useFactory }).',
        { cause: error },
      );
    }
    throw new TasksConfigError(
      `"${field}": there is no DataSource "${name}". Import TypeOrmModule.forRoot({ ${
        name === 'default' ? '' : `name: '${name}', `
      }type: 'better-sqlite3', … }), or give the DataSource itself through TasksModule.forRootAsync.`,
      { cause: error },
    );
  }
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
