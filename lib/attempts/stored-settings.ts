import { validateTaskSettings, type StoredTaskSettings } from '../config/index.js';
import { InvalidArgumentError } from '../contract/index.js';

/**
 * The settings that were given for one task, from their stored text.
 * @throws InvalidArgumentError where the row was changed by other hands, or written by another version
 */
export function parseStoredSettings(json: string | null): StoredTaskSettings | null {
  if (json === null) return null;
  let settings: unknown;
  try {
    settings = JSON.parse(json);
  } catch {
    throw new InvalidArgumentError('settings', 'The settings that are stored with the task are not JSON.');
  }
  validateTaskSettings(
    settings as StoredTaskSettings,
    'The settings that are stored with the task',
    (field, message) => new InvalidArgumentError(field || 'settings', message),
    { stored: true },
  );
  return settings as StoredTaskSettings;
}
