// kvnest with its doors and a memory tier, nothing else. Usage: kvnest-server.mjs <arena> <tcp> <resp> <http> <nest>
import { loadConfig } from '../../dist/config/load-config.js';
import { startServer } from '../../dist/main.js';

const [arena, tcp, resp, http, nest] = process.argv.slice(2);
const settings = [
  `arena.capacity=${arena}`,
  `doors.tcp.port=${tcp}`,
  `doors.resp.port=${resp}`,
  `doors.http.port=${http}`,
  `doors.nest.port=${nest}`,
  'doors.lm=false',
  'local_disk=null',
  `max_local_cpu_size=${parseInt(arena, 10) / 1024}`,
  'log_level=error',
];
const { config } = loadConfig({ argv: settings.flatMap((setting) => ['--set', setting]), env: {} });
await startServer(config);
process.once('SIGTERM', () => process.exit(0));
