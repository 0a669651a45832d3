import { StoreError } from '../../../contract/index.js';
import { movingMessage, type MoveMark } from '../../port/index.js';
import type { Registry } from '../registry.js';

const NOTE = 'moving:store';

export async function readMoveNote(registry: Registry): Promise<MoveMark | null> {
  await registry.refresh(true);
  const text = await registry.get(NOTE);
  return text === undefined ? null : (JSON.parse(text) as MoveMark);
}

export async function writeMoveNote(registry: Registry, mark: MoveMark | null): Promise<void> {
  if (mark) await registry.note({ [NOTE]: JSON.stringify(mark) });
  else await registry.forget(NOTE);
}

/** @throws StoreError while the tasks are being moved */
export async function assertNoMove(registry: Registry): Promise<void> {
  const mark = await readMoveNote(registry);
  if (mark) throw new StoreError(movingMessage(mark));
}
