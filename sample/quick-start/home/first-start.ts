import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { TaskDispatcher } from 'nestjs-tasks';
import { ImportsService } from '../imports/imports.service.js';
import { SignupService } from '../signup/signup.service.js';

/** Gives the panel something to show when the app starts on an empty store. */
@Injectable()
export class FirstStart implements OnApplicationBootstrap {
  constructor(
    private readonly tasks: TaskDispatcher,
    private readonly signup: SignupService,
    private readonly imports: ImportsService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { items } = await this.tasks.list({ limit: 1 });
    if (items.length > 0) return;
    await this.signup.signUp({ email: 'ada@example.com', name: 'Ada' });
    await this.imports.start();
    await this.tasks.queue('reports', 'flaky_report', {});
    await this.tasks.queueIn('default', '1h', 'cleanup_data', {});
  }
}
