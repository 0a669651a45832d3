import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

/** How long the page may take: a machine that tests keep busy draws late. */
export const PATIENCE_MS = 50_000;
/** Debian's packages: the one without windows needs a third less of a core. */
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'] as const;
export const CHROMIUM = BROWSERS.find((path) => existsSync(path)) ?? BROWSERS[0];
export const hasChromium = existsSync(CHROMIUM);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2 at AA, and what axe knows beside it. */
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** @param flags beside the usual ones */
export function launch(...flags: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...flags] });
}

/** A tab, and what went wrong in it: violations of the page's policy, errors of its scripts, and dialogs that one opened. */
export interface Tab {
  readonly page: Page;
  readonly wrong: string[];
}

export async function openTab(browser: Browser, url: string): Promise<Tab> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) wrong.push(`policy: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, wrong };
}

interface AxeResults {
  readonly passes: ReadonlyArray<{ readonly id: string }>;
  readonly violations: ReadonlyArray<{
    readonly id: string;
    readonly help: string;
    readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>;
  }>;
}

/**
 * What axe-core finds wrong with the page as it is shown, as lines; and the rules that it found kept.
 * @param rules only these; all of WCAG at AA and its good practice if left out
 */
export async function axe(
  page: Page,
  rules?: readonly string[],
): Promise<{ readonly violations: string[]; readonly kept: string[] }> {
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(AXE);
  const options = JSON.stringify({ runOnly: rules ?? AXE_TAGS, resultTypes: ['violations'] });
  const results = await page.evaluate<AxeResults>(`axe.run(document, ${options})`);
  const violations = results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html.slice(0, 200)} ${failureSummary ?? ''}`),
  );
  return { violations, kept: results.passes.map(({ id }) => id) };
}

/** Which of the page's colours a chart is drawn with, by how many pixels have them. */
export function drawnWith(page: Page, chart: string, properties: readonly string[]): Promise<Record<string, number>> {
  const script = `(([chart, properties]) => {
    const canvas = document.querySelector(chart + ' canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const probe = document.body.appendChild(document.createElement('i'));
    const entries = properties.map((property) => {
      probe.style.color = 'var(' + property + ')';
      const wanted = getComputedStyle(probe).color.match(/[0-9]+/g).map(Number);
      let pixels = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255 && wanted.every((value, index) => data[at + index] === value)) pixels += 1;
      }
      return [property, pixels];
    });
    probe.remove();
    return Object.fromEntries(entries);
  })(${JSON.stringify([chart, properties])})`;
  return page.evaluate(script);
}
