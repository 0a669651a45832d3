export const THREAD_FILE: string;
export const WITHIN: readonly string[];
export function bundleThread(file: string, entry?: string): Promise<void>;
export function buildThread(target: string): Promise<void>;
