import 'reflect-metadata';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CronSchedules } from '../../lib/cron/index.js';
import {
  getCronSchedulesToken,
  getTaskDispatcherToken,
  InjectCronSchedules,
  InjectTaskDispatcher,
  TaskHandler,
  TasksModule,
} from '../../lib/nest/index.js';
import { TaskDispatcher } from '../../lib/queueing/index.js';
import { UnknownTaskNameError } from '../../lib/contract/index.js';
import { bootApp, ended, IN_MEMORY, tempDirectory } from './support.js';

const ran: string[] = [];

class DefaultHandlers {
  @TaskHandler('in_default')
  run(): void {
    ran.push('in_default');
  }
  @TaskHandler('in_both')
  both(): void {
    ran.push('in_both of default');
  }
}

class ReportHandlers {
  @TaskHandler('in_reports', { store: 'reports', queue: 'pdf' })
  run(): void {
    ran.push('in_reports');
  }
  @TaskHandler('in_both', { store: 'reports' })
  both(): void {
    ran.push('in_both of reports');
  }
}

@Injectable()
class Service {
  constructor(
    readonly tasks: TaskDispatcher,
    @InjectTaskDispatcher('reports') readonly reports: TaskDispatcher,
    @InjectCronSchedules('reports') readonly crons: CronSchedules,
  ) {}
}

describe('Two stores in one process', () => {
  it('have their own dispatcher, handlers, queues and file', async () => {
    const directory = tempDirectory();
    const app = await bootApp({
      tasks: null,
      imports: [
        TasksModule.forRoot({ ...IN_MEMORY, database: join(directory, 'a.db') }),
        TasksModule.forRootAsync({
          name: 'reports',
          configFile: false,
          useFactory: () => ({ database: join(directory, 'b.db'), admin: false as const }),
        }),
      ],
      providers: [DefaultHandlers, ReportHandlers, Service],
    });
    const { tasks, reports, crons } = app.get(Service);
    expect(reports).not.toBe(tasks);
    expect(reports).toBe(app.get(getTaskDispatcherToken('reports')));
    expect(tasks).toBe(app.get(getTaskDispatcherToken()));
    expect(crons).toBe(app.get(getCronSchedulesToken('reports')));
    expect(app.get(CronSchedules)).not.toBe(crons);

    await expect(tasks.queue('default', 'in_reports', {})).rejects.toThrow(UnknownTaskNameError);
    await expect(reports.queue('default', 'in_default', {})).rejects.toThrow(UnknownTaskNameError);
    const first = await tasks.queue('default', 'in_default', {});
    await ended(tasks, first.id);
    await ended(tasks, (await tasks.queue('default', 'in_both', {})).id);
    await ended(reports, (await reports.queue('pdf', 'in_reports', {})).id);
    await ended(reports, (await reports.queue('default', 'in_both', {})).id);
    expect(ran).toEqual(['in_default', 'in_both of default', 'in_reports', 'in_both of reports']);
    await expect(reports.get(first.id)).rejects.toThrow(/no task/);
  });
});

describe('A handler without a store', () => {
  it('works for the only one there is, whatever its name', async () => {
    const app = await bootApp({ tasks: { name: 'reports' }, providers: [DefaultHandlers] });
    const reports = app.get<TaskDispatcher>(getTaskDispatcherToken('reports'));
    expect(await ended(reports, (await reports.queue('default', 'in_default', {})).id)).toMatchObject({
      state: 'completed',
    });
  });

  it('stops the boot when none of several is the default', async () => {
    const imports = ['a', 'b'].map((name) => TasksModule.forRoot({ ...IN_MEMORY, name }));
    await expect(bootApp({ tasks: null, imports, providers: [DefaultHandlers] })).rejects.toThrow(
      /DefaultHandlers.run names no store, and none of the stores "a" and "b" is "default"/,
    );
  });
});

it('A handler of a store that is not there stops the boot', async () => {
  await expect(bootApp({ providers: [ReportHandlers] })).rejects.toThrow(
    /ReportHandlers.run belongs to the store "reports", which no TasksModule of this process has/,
  );
});
