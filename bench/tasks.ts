import { IsEmail, IsObject, IsOptional, IsString } from 'class-validator';
import { Injectable } from '@nestjs/common';
import { TaskHandler } from '../lib/index.js';

export const QUEUE = 'bench';
export const NAME = 'bench_task';

/** What an app would have its params checked for. */
export class BenchParams {
  @IsEmail() to!: string;
  @IsString() subject!: string;
  @IsString() template!: string;
  @IsOptional() @IsObject() data?: Record<string, unknown>;
}

export function params(index: number): BenchParams {
  return { to: `user${index}@example.com`, subject: 'Welcome!', template: 'welcome', data: { index } };
}

/** Does nothing but note that it ran. */
@Injectable()
export class BenchHandler {
  /** How often each task ran, by its index. */
  readonly runs = new Map<number, number>();
  onRun: (() => void) | null = null;

  @TaskHandler(NAME, { params: BenchParams, queue: QUEUE })
  handle({ data }: BenchParams): void {
    const index = data!.index as number;
    this.runs.set(index, (this.runs.get(index) ?? 0) + 1);
    this.onRun?.();
  }
}
