import './page.css';
import { render } from 'preact';
import { App } from './views/app.js';
import { connect } from './core/live.js';
import { guardDoubleClicks } from './core/double-clicks.js';
import { readEngine } from './core/engine.js';
import { loadLater } from './core/later.js';
import { place } from './core/place.js';
import { takeKey } from './sign-in/key-fragment.js';

const OVERVIEW_FIRST_MS = 1_000;

// A person who is let in already, and opens the address of the log again, needs no key.
takeKey();
readEngine();
connect();
guardDoubleClicks();
// What the overview does not need comes once that is drawn; any other page is drawn when it is whole.
if (place.value.path === '/') {
  draw();
  setTimeout(() => void loadLater(), OVERVIEW_FIRST_MS);
} else void loadLater().then(draw);

function draw(): void {
  document.body.replaceChildren();
  render(<App />, document.body);
}
