/** Name of the queue that every contestant uses. */
export const QUEUE = 'bench';

export interface BenchData {
  readonly to: string;
  readonly subject: string;
  readonly template: string;
  readonly data: { readonly index: number };
}

/** What a task is given: as much as an e-mail's would be. */
export function dataOf(index: number): BenchData {
  return { to: `user${index}@example.com`, subject: 'Welcome!', template: 'welcome', data: { index } };
}

export function dataOfRange(from: number, count: number): BenchData[] {
  return Array.from({ length: count }, (_, offset) => dataOf(from + offset));
}
