import { Injectable } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { Cron, Sensitive, TaskHandler } from '../../../lib/nest/index.js';
import type { TaskContext } from '../../../lib/attempts/index.js';

export const HOSTILE_NAME = '<img src=x onerror=alert(1)>';
export const HOSTILE_RUNNING = '"><script>alert(6)</script>\u202E';
export const HOSTILE_ERROR = '</pre><script>alert(2)</script>\u202Egnp.exe\u0007';

export class AddressParams {
  @IsString()
  @MinLength(3)
  city!: string;
}

export class SignUpParams {
  @IsEmail()
  email!: string;

  @IsInt()
  @Min(1)
  @Max(5)
  seats!: number;

  @IsIn(['free', 'paid'])
  plan!: string;

  @IsOptional()
  @IsBoolean()
  news?: boolean;

  @IsOptional()
  @IsString()
  @Sensitive()
  secret?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => AddressParams)
  address?: AddressParams;

  @IsOptional()
  @IsString({ each: true })
  @MinLength(2, { each: true })
  topics?: string[];
}

/** Tasks that a person meets on the page. */
@Injectable()
export class PageHandlers {
  /** While it is true, `flaky` fails. */
  isBroken = true;
  /** Called by a test to move `progress` on; it ends at 100. */
  report: (percent: number) => void = () => undefined;
  /** Whether `progress` hears what it is told: its task is running in the store a moment before. */
  isReporting = false;
  /** Called by a test to have `talk` log a line; it ends with `bye`. */
  say: (message: string) => void = () => undefined;
  /** Called by a test to end the hostile task. */
  finish: () => void = () => undefined;

  @TaskHandler('flaky', { maxRetries: 0 })
  flaky(): Promise<string> {
    return this.isBroken ? Promise.reject(new RangeError('The mail server is away')) : Promise.resolve('sent');
  }

  @TaskHandler(HOSTILE_NAME, { maxRetries: 0 })
  hostile(): Promise<never> {
    return Promise.reject(new Error(HOSTILE_ERROR));
  }

  /** Runs until `finish` is called. */
  @TaskHandler(HOSTILE_RUNNING)
  hostileRunning(_params: object, task: TaskContext): Promise<void> {
    task.log(HOSTILE_ERROR);
    task.progress(50, HOSTILE_ERROR);
    return new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  @TaskHandler('long', { maxRetries: 0 })
  long({ message }: { message: string }): Promise<never> {
    return Promise.reject(new Error(message));
  }

  @TaskHandler('sign_up', { queue: 'emails', params: SignUpParams })
  signUp(): Promise<void> {
    return Promise.resolve();
  }

  @TaskHandler('family')
  async family(_params: object, { dispatcher }: TaskContext): Promise<void> {
    await dispatcher.queue('default', 'greet', { to: 'the first child' });
    await dispatcher.queue('idle', 'greet', { to: 'the second child' });
  }

  @TaskHandler('progress')
  progress(_params: object, task: TaskContext): Promise<void> {
    return new Promise((resolve) => {
      this.report = (percent) => {
        task.progress(percent, `${percent} rows`);
        if (percent < 100) return;
        this.isReporting = false;
        resolve();
      };
      this.isReporting = true;
      this.report(10);
    });
  }

  /** Logs many lines, each third of them a long one, and fails as often as it may. */
  @TaskHandler('chatty', { maxRetries: 2, backoff: () => 0 })
  chatty({ lines }: { lines: number }, task: TaskContext): Promise<never> {
    for (let line = 1; line <= lines; line++) task.log(`line ${line}, ${'and so on '.repeat(line % 3 === 0 ? 40 : 1)}`);
    return Promise.reject(new Error('said all'));
  }

  @TaskHandler('talk')
  talk(_params: object, task: TaskContext): Promise<void> {
    return new Promise((resolve) => {
      this.say = (message) => {
        task.log(message);
        if (message === 'bye') resolve();
      };
      for (let line = 1; line <= 300; line++) this.say(`line ${line}`);
    });
  }

  @Cron('30 2 1 * *', { name: 'broken-monthly', timeZone: 'Europe/Paris' })
  monthly(): Promise<void> {
    return this.isBroken ? Promise.reject(new Error('The month is not over')) : Promise.resolve();
  }
}
