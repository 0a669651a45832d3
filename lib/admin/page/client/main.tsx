import './page.css';
import { render } from 'preact';
import { App } from './views/app.js';
import { connect } from './core/live.js';
import { readEngine } from './core/engine.js';
import { takeKey } from './sign-in/key-fragment.js';

// A person who is let in already, and opens the address of the log again, needs no key.
takeKey();
readEngine();
connect();
document.body.replaceChildren();
render(<App />, document.body);
