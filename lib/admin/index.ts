export { adminParts, type AdminParts, type AdminTokens } from './admin-parts.js';
export { PANEL_KEY_SECRET } from './access/panel-key.js';
export { PanelAddress } from './access/panel-address.js';
