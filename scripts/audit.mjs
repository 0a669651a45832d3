// npm run audit: fails where a dependency has a known weakness that is high or critical.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--json', '--audit-level=high'], { encoding: 'utf8' });
const report = JSON.parse(stdout || '{}');
const found = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) => /^(high|critical)$/.test(severity));

if (!report.metadata) {
  // A registry without that service, or none at all: nothing was found out, which is no reason to stop the rest.
  console.warn(`NOT AUDITED: the registry gave no answer (${report.message ?? report.error?.summary ?? 'no report'}).`);
} else if (found.length > 0) {
  for (const { name, severity, range, via } of found) {
    const why = via.map((cause) => cause.title ?? cause).join('; ');
    console.error(`${severity}: ${name} ${range}: ${why}`);
  }
  process.exitCode = 1;
} else {
  console.log(
    `${report.metadata.dependencies.total} dependencies, none with a known weakness that is high or critical.`,
  );
}
