import { clearTimeout, setTimeout } from '../../clock/index.js';

/** Whether `action` is through within `patience` milliseconds. Rejects when it does. */
export async function isInTime(action: Promise<unknown>, patience: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), patience)));
  try {
    return await Promise.race([action.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
