import style from './graph.css?inline';

export { layoutOf } from './graph-layout.js';

/** The graph's style comes with its script, so that no other page waits for it. */
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
