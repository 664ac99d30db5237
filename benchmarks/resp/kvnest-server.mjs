// kvnest with its RESP door and a memory tier, nothing else.
import { loadConfig } from '../../dist/config/load-config.js';
import { startServer } from '../../dist/main.js';

const [port, arena] = process.argv.slice(2);
const settings = [
  `arena.capacity=${arena}`,
  'doors.http=false',
  'doors.lm=false',
  'doors.tcp=false',
  `doors.resp.port=${port}`,
  'local_disk=null',
  `max_local_cpu_size=${parseInt(arena, 10) / 1024}`,
  'log_level=error',
];
const { config } = loadConfig({ argv: settings.flatMap((setting) => ['--set', setting]), env: {} });
await startServer(config);
process.once('SIGTERM', () => process.exit(0));
