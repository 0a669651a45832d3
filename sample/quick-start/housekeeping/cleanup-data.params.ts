import { IsInt, IsOptional, Max, Min } from 'class-validator';

export class CleanupDataParams {
  /** Default: 30. */
  @IsOptional() @IsInt() @Min(0) @Max(36_500) olderThanDays?: number;
}

declare module 'nestjs-tasks' {
  interface TaskParams {
    cleanup_data: CleanupDataParams;
  }
}
