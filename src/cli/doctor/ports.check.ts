import { createServer } from 'node:net';
import { type DoorLimits } from '../../config/kvnest-config.interface.js';
import { type Check, type Diagnosis, fail, ok, warn } from './diagnosis.interface.js';

/** Whether the doors can listen where they should. */
export const checkPorts: Check = async ({ doors }) => {
  const open = Object.entries(doors).filter((door): door is [string, DoorLimits] => door[1] !== false);
  if (open.length === 0) return [warn('no door is open', 'Switch on doors.http or doors.resp.')];
  return Promise.all(open.map(([name, door]) => checkPort(name, door)));
};

function checkPort(name: string, { host, port }: DoorLimits): Promise<Diagnosis> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is taken' : `cannot be listened on (${error.code ?? error.message})`;
      resolve(
        fail(
          `door ${name}: ${host}:${port} ${why}`,
          `Stop what holds it, or set doors.${name}.host and .port.`,
        ),
      );
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resolve(ok(`door ${name}: ${host}:${port} is free`)));
    });
  });
}
