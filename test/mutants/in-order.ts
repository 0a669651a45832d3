import { BaseSequencer, type TestSpecification } from 'vitest/node';
import path from 'node:path';

const ORDER = (process.env.MUTANTS_TESTS ?? '').split(' ');

/** Specs in the order in which the room names them: what finds most in the least time comes first. */
export default class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      ORDER.findIndex((pattern) => path.matchesGlob(path.relative(this.ctx.config.root, moduleId), pattern));
    return files.toSorted((one, other) => place(one) - place(other) || one.moduleId.localeCompare(other.moduleId));
  }
}
