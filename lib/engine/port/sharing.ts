/** Values that all processes of a store have to know alike. */
export interface Sharing {
  /** The secret of that name: what some process stored first, or `proposed`, which is stored where there was none. */
  secret(name: string, proposed: string): Promise<string>;
}
