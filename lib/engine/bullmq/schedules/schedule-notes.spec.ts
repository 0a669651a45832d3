import { describe, expect, it } from 'vitest';
import { NO_TICKS, type TickRecord } from '../../common/index.js';
import { Registry } from '../registry.js';
import { ScheduleNotes } from './schedule-notes.js';

/** The notes of as many processes as wanted, on one set of fields. */
function processes(count: number) {
  const fields: Record<string, string> = {};
  const backend = {
    setQueueMeta: async (values: Record<string, string>): Promise<void> => void Object.assign(fields, values),
    removeQueueMetaFields: async (gone: string[]) => gone.forEach((field) => delete fields[field]),
    getQueueMeta: async () => ({ ...fields }),
  };
  const set = { own: { backend }, publish: async () => undefined } as unknown as ConstructorParameters<
    typeof Registry
  >[0];
  const notes = Array.from({ length: count }, () => new ScheduleNotes(new Registry(set, () => undefined)));
  return { notes, fields, backend };
}

const until = (tick: number): TickRecord => ({ until: tick + 1, passedOver: [] });

const ids = async (notes: ScheduleNotes, name = 'nightly') => (await notes.runs(name)).map(({ id }) => id);

describe('the last runs of a schedule', () => {
  it('are none before the first', async () => {
    const [notes] = processes(1).notes;
    expect(await ids(notes!)).toEqual([]);
    expect(await notes!.record('nightly')).toEqual(NO_TICKS);
  });

  it('are the five that were due last, the newest first, also of many that are noted together', async () => {
    const [notes] = processes(1).notes;
    await notes!.noteRuns('nightly', [{ id: 'a', at: 1 }], until(1));
    await notes!.noteRuns(
      'nightly',
      ['c', 'b'].map((id, index) => ({ id, at: 3 - index })),
      until(3),
    );
    expect(await ids(notes!)).toEqual(['c', 'b', 'a']);
    const many = Array.from({ length: 500 }, (_, index) => ({ id: `run-${index}`, at: 10 + index }));
    await notes!.noteRuns('nightly', many, until(509));
    expect(await ids(notes!)).toEqual(['run-499', 'run-498', 'run-497', 'run-496', 'run-495']);
    expect(await notes!.record('nightly')).toEqual(until(509));
  });

  it('have a run once whose tick was delivered twice', async () => {
    const [notes] = processes(1).notes;
    for (let time = 0; time < 2; time += 1) await notes!.noteRuns('nightly', [{ id: 'a', at: 1 }], until(1));
    expect(await ids(notes!)).toEqual(['a']);
  });

  it('lose none that two processes note at once', async () => {
    const { notes, fields } = processes(2);
    for (const each of notes) await each.runs('nightly');
    await Promise.all(
      notes.map((each, index) => each.noteRuns('nightly', [{ id: `of-${index}`, at: index }], until(index))),
    );
    await notes[0]!.refresh();
    expect(await ids(notes[0]!)).toEqual(['of-1', 'of-0']);
    expect(Object.keys(fields).filter((field) => field.startsWith('run:'))).toHaveLength(2);
  });

  it('leave what another process passes over meanwhile', async () => {
    const { notes, backend } = processes(2);
    const [one, other] = notes as [ScheduleNotes, ScheduleNotes];
    await one.noteRuns('nightly', [], { until: 7, passedOver: [[5, 6]] });
    await other.refresh();
    const { setQueueMeta } = backend;
    backend.setQueueMeta = async (values) => {
      await setQueueMeta(values);
      backend.setQueueMeta = setQueueMeta;
      await other.noteRuns('nightly', [{ id: 'b', at: 9 }], {
        until: 10,
        passedOver: [
          [5, 6],
          [7, 9],
        ],
      });
    };
    await one.noteRuns('nightly', [{ id: 'a', at: 5 }], { until: 7, passedOver: [] });
    await one.refresh();
    expect(await one.record('nightly')).toEqual({
      until: 10,
      passedOver: [
        [5, 6],
        [7, 9],
      ],
    });
    await one.noteRuns('nightly', [{ id: 'c', at: 8 }], { until: 10, passedOver: [] });
    expect(await one.record('nightly')).toEqual({ until: 10, passedOver: [] });
    expect(await one.passedOver(0)).toEqual([]);
  });

  it('are those of that schedule alone, and forgotten with it', async () => {
    const { notes, fields } = processes(1);
    await notes[0]!.noteRuns('a', [{ id: 'x', at: 1 }], until(1));
    await notes[0]!.noteRuns('a:b', [{ id: 'y', at: 2 }], until(2));
    expect(await ids(notes[0]!, 'a')).toEqual(['x']);
    expect(await ids(notes[0]!, 'a:b')).toEqual(['y']);
    await notes[0]!.forget('a:b');
    expect(Object.keys(fields)).toEqual(['run:a:x', 'ticked:a']);
  });
});
