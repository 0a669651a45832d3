import type { CommandArgument } from '../cli/command.js';

export const ID_ARGUMENT = {
  name: 'id',
  description: 'the id of the task',
  required: true,
} as const satisfies CommandArgument;
