import { describe, expect, it } from 'vitest';
import type { StepRecord } from '../../port/index.js';
import {
  hasTexts,
  nameText,
  placeText,
  shownSignal,
  shownStep,
  signalIn,
  signalText,
  type StepTexts,
  stepsIn,
  stepText,
  withoutStepsFrom,
} from './stored-steps.js';

const STEP: StepRecord = {
  kind: 'step',
  name: 'pay',
  number: 1,
  position: 2,
  result: '{"card":"4000","n":1}',
  sensitive: [],
  wait: null,
  startedAt: 10,
  finishedAt: 20,
};
const SIGNAL = { name: 'paid', payload: '{"card":"4000"}', sensitive: [] };

const mask = (value: unknown, paths: readonly string[]): unknown => ({
  ...(value as object),
  ...Object.fromEntries(paths.map((path) => [path, '[masked]'])),
});

/** Texts of steps at those positions. */
function texts(...positions: number[]): StepTexts {
  const steps = positions.map((position) => ({ ...STEP, name: `at-${position}`, position }));
  return { steps: Object.fromEntries(steps.map((step) => [placeText(step), stepText(step, 3)])), signals: [] };
}

const names = (given: StepTexts): string[] => stepsIn(given).map(({ name }) => name);

describe('steps as they stand in a job', () => {
  it('come back in the order in which they were recorded, with their attempt', () => {
    expect(stepsIn({ steps: { a: stepText(STEP, 3) }, signals: [] })).toEqual([{ ...STEP, attempt: 3 }]);
    expect(names(texts(3, 1, 10, 2))).toEqual(['at-1', 'at-2', 'at-3', 'at-10']);
  });

  it('stand at their kind, number and name, in characters that every store has', () => {
    expect(placeText(STEP)).toBe('step 1 "pay"');
    expect(nameText('\u0000\ud83d')).toBe('"\\u0000\\ud83d"');
  });

  it('are there, or signals are', () => {
    const signal = { name: nameText('a'), text: signalText(SIGNAL, 1), at: '1' };
    expect(hasTexts({ steps: {}, signals: [] })).toBe(false);
    expect(hasTexts(texts(1))).toBe(true);
    expect(hasTexts({ steps: {}, signals: [signal] })).toBe(true);
  });
});

describe('steps without one of them', () => {
  it('are those before it', () => {
    expect(names(withoutStepsFrom(texts(4, 1, 2, 3), 'at-3')!)).toEqual(['at-1', 'at-2']);
    expect(withoutStepsFrom(texts(1, 2), 'at-1')).toEqual({ steps: {}, signals: [] });
  });

  it('are none of that name', () => {
    expect(withoutStepsFrom(texts(1), 'other')).toBeNull();
  });

  it('are those before the first of several of that name', () => {
    const again = { ...STEP, name: 'at-2', number: 2, position: 7 };
    const given = texts(7, 2, 1);
    const steps = { [placeText(again)]: stepText(again, 3), ...given.steps };
    expect(names(withoutStepsFrom({ ...given, steps }, 'at-2')!)).toEqual(['at-1']);
  });
});

describe('a step that is shown', () => {
  it('has what it gave, without what is secret of that', () => {
    const { sensitive: _sensitive, wait: _wait, ...shown } = STEP;
    expect(shownStep({ ...STEP, attempt: 3 }, mask)).toEqual({ ...shown, attempt: 3, result: { card: '4000', n: 1 } });
    const secret = shownStep({ ...STEP, attempt: 3, sensitive: ['card'] }, mask);
    expect(secret.result).toEqual({ card: '[masked]', n: 1 });
  });

  it('has nothing of what it has not, and what it waits for', () => {
    const wait = { until: 99 };
    const shown = shownStep({ ...STEP, attempt: 3, result: null, finishedAt: null, wait }, mask);
    expect(shown).toMatchObject({ finishedAt: null, wait });
    expect(shown).not.toHaveProperty('result');
    expect(shown).not.toHaveProperty('isLarge');
  });

  it('says where it gave too much to be listed', () => {
    const shown = shownStep({ ...STEP, attempt: 3, result: JSON.stringify('x'.repeat(100_000)) }, mask);
    expect(shown.isLarge).toBe(true);
    expect(shown).not.toHaveProperty('result');
  });
});

describe('a signal that waits', () => {
  const stored = (payload: string, sensitive: readonly string[] = []) => ({
    name: nameText('paid'),
    text: signalText({ ...SIGNAL, payload, sensitive }, 77),
    at: '1',
  });

  it('comes back as it was sent, with the time', () => {
    expect(signalIn(stored('7'))).toEqual({ name: 'paid', payload: '7', sensitive: [], sentAt: 77 });
  });

  it('is shown without what is secret of it, or too large', () => {
    const shown = { name: 'paid', sentAt: 77 };
    expect(shownSignal(stored('{"card":"1"}'), mask)).toEqual({ ...shown, payload: { card: '1' } });
    expect(shownSignal(stored('{"card":"1"}', ['card']), mask)).toEqual({ ...shown, payload: { card: '[masked]' } });
    expect(shownSignal(stored(JSON.stringify('x'.repeat(100_000))), mask)).toEqual({ ...shown, payload: null });
  });
});
