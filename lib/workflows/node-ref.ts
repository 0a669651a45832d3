/** A node of a workflow that is being built, to be waited for by others of it. */
export class NodeRef {
  /** @internal Made by `add` and `each`. */
  constructor(
    /** Name of the node. */
    readonly name: string,
  ) {}
}
