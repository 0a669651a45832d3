import { gunzipSync } from 'node:zlib';

const CODINGS = ['br', 'gzip'] as const;
type Coding = (typeof CODINGS)[number];

/** A file of the page as the build compressed it. */
export class PackedFile {
  private readonly forms: Readonly<Record<Coding, Buffer>>;
  private plain: Buffer | null = null;

  /** @param packed the file in base64, by content coding */
  constructor(packed: Readonly<Record<Coding, string>>) {
    this.forms = { br: Buffer.from(packed.br, 'base64'), gzip: Buffer.from(packed.gzip, 'base64') };
  }

  /**
   * The smallest form that the client takes.
   * @param accepted its `Accept-Encoding`
   */
  forClient(accepted: string | undefined): { readonly bytes: Buffer; readonly coding: Coding | null } {
    const taken = codingsTaken(accepted ?? '');
    const coding = CODINGS.find((candidate) => taken.has(candidate)) ?? null;
    if (coding !== null) return { bytes: this.forms[coding], coding };
    this.plain ??= gunzipSync(this.forms.gzip);
    return { bytes: this.plain, coding };
  }
}

/** Without those of weight 0, which a client refuses. `*` is not taken for one that was named. */
function codingsTaken(accepted: string): Set<string> {
  const entries = accepted.split(',').map((entry) =>
    entry
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/),
  );
  return new Set(entries.filter(([, weight]) => weight === undefined || Number(weight) > 0).map(([coding]) => coding!));
}
