import { describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../contract/index.js';
import { parseStoredSettings } from './stored-settings.js';

function refusalOf(json: string): InvalidArgumentError {
  try {
    parseStoredSettings(json);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return error as InvalidArgumentError;
  }
  throw new Error(`${json} was taken`);
}

describe('parseStoredSettings', () => {
  it('reads what is stored, and nothing where nothing is', () => {
    expect(parseStoredSettings(null)).toBeNull();
    expect(parseStoredSettings('{"maxRetries":2,"timeout":"5m"}')).toEqual({ maxRetries: 2, timeout: '5m' });
  });

  it.each([
    ['{', 'settings', 'The settings that are stored with the task are not JSON.'],
    ['[1]', 'settings', /^The settings that are stored with the task/],
    ['{"timeout":"soon"}', 'timeout', /^The settings that are stored with the task.*timeout/],
    ['{"backoff":{}}', 'backoff', /must be "fixed", "linear" or "exponential", not an object/],
  ])('refuses %s, naming what is wrong', (json, field, message) => {
    const error = refusalOf(json);
    expect(error.field).toBe(field);
    expect(error.message).toMatch(message);
  });
});
