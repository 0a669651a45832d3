/** This package's version. Its test holds it to package.json, which code that is built for both module systems cannot find. */
export const VERSION = '0.1.0';
