/** Which tasks of a list are chosen: some by hand, or all that the filter finds, shown or not. */
export class Selection {
  private readonly ids = new Set<string>();
  private anchor: string | null = null;
  private matching = false;

  get chosen(): readonly string[] {
    return [...this.ids];
  }

  get isAllMatching(): boolean {
    return this.matching;
  }

  get isEmpty(): boolean {
    return !this.matching && this.ids.size === 0;
  }

  has(id: string): boolean {
    return this.matching || this.ids.has(id);
  }

  /**
   * @param extend choose or leave all from the one touched before to this one
   * @param shown ids in the order in which they stand
   */
  set(id: string, isChosen: boolean, extend: boolean, shown: readonly string[]): void {
    if (this.matching) {
      this.matching = false;
      this.setAll(shown, true);
    }
    const from = extend && this.anchor !== null ? shown.indexOf(this.anchor) : -1;
    const to = shown.indexOf(id);
    const range = from === -1 ? [id] : shown.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.setAll(range, isChosen);
    this.anchor = id;
  }

  setAll(ids: readonly string[], isChosen: boolean): void {
    this.matching = false;
    for (const id of ids) {
      if (isChosen) this.ids.add(id);
      else this.ids.delete(id);
    }
  }

  chooseAllMatching(): void {
    this.matching = true;
  }

  /** An action is done with what it was about; what was chosen meanwhile stays. @param ids null for all that matched */
  release(ids: readonly string[] | null): void {
    if (ids !== null) for (const id of ids) this.ids.delete(id);
    else if (this.matching) this.clear();
  }

  clear(): void {
    this.ids.clear();
    this.matching = false;
    this.anchor = null;
  }
}
