// Writes the page: a stand-in for a bundler, which needs no package.
import { mkdirSync, writeFileSync } from 'node:fs';

mkdirSync('dist', { recursive: true });
writeFileSync('dist/index.html', `<p>built by Node ${process.versions.node.split('.')[0]}</p>\n`);
