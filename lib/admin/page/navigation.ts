/** The pages that the head leads to, by their hash. The frame that is sent has their names, so that something is seen at once. */
export const NAVIGATION = [
  ['#/', 'Overview'],
  ['#/queues', 'Queues'],
  ['#/tasks', 'Tasks'],
  ['#/workflows', 'Workflows'],
  ['#/errors', 'Errors'],
  ['#/crons', 'Crons'],
  ['#/audit', 'Audit'],
] as const;
