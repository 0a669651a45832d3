/** The store is not as the model says, or did what it must never do. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement';
}
