import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A web server of its own for one test: a folder that takes PUT and DELETE. */
export async function startNginx() {
  const folder = await mkdtemp(join(tmpdir(), 'kvnest-nginx-'));
  await mkdir(join(folder, 'chunks'));
  const port = await freePort();
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, port));
  const server = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const failed = new Promise((_, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`nginx ended with ${code}`)));
  });
  failed.catch(() => undefined);
  const url = `http://127.0.0.1:${port}/`;
  await Promise.race([answers(url), failed]);
  return {
    url,
    folder: join(folder, 'chunks'),
    async stop() {
      server.kill('SIGKILL');
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

function configuration(folder, port) {
  return `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    ${userInfo().uid === 0 ? 'user root;' : ''}
    events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      client_max_body_size 600m;
      server {
        listen 127.0.0.1:${port};
        root ${folder}/chunks;
        location / {
          dav_methods PUT DELETE;
          autoindex on;
          autoindex_format json;
        }
      }
    }
  `;
}

async function answers(url) {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(20);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
