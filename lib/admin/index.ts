export { adminParts, type AdminParts, type AdminTokens } from './admin-parts.js';
