// kvnest with its HTTP door and a memory tier, nothing else.
import { loadConfig } from '../../dist/config/load-config.js';
import { startServer } from '../../dist/main.js';

const settings = [
  'doors.http.port=0',
  'doors.resp=false',
  'doors.lm=false',
  'doors.tcp=false',
  'doors.nest=false',
  'local_disk=null',
  'log_level=error',
];
const { config } = loadConfig({ argv: settings.flatMap((setting) => ['--set', setting]), env: {} });
const app = await startServer(config);
app.enableShutdownHooks(['SIGTERM']);
process.send({ port: app.getHttpServer().address().port });
process.on('message', () => process.send({ cpu: process.cpuUsage() }));
