import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { interpreterOf } from './extension-interpreter.js';
import { HEAD_BYTES, launchCommand } from './launch-command.js';

const root = mkdtempSync(join(tmpdir(), 'kvnest-launch-'));
const bin = join(root, 'bin');
const other = join(root, 'other');

/** Programs that are there: they print their arguments, one a line, behind their own name. */
const TALKER = `#!/bin/sh
echo "$(basename "$0")"
for argument in "$@"; do echo "$argument"; done
echo "A=$A"
`;

beforeAll(() => {
  mkdirSync(bin);
  mkdirSync(other);
  for (const program of ['python3', 'bash', 'ruby', 'env-less']) talker(join(bin, program));
  talker(join(other, 'elsewhere'));
  writeFileSync(join(bin, 'not-executable'), TALKER);
  mkdirSync(join(bin, 'directory'));
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function talker(path: string): void {
  writeFileSync(path, TALKER);
  chmodSync(path, 0o755);
}

interface Given {
  readonly name?: string;
  readonly isExecutable?: boolean;
  readonly searchPath?: string;
}

async function launch(text: string | Uint8Array, given: Given = {}): ReturnType<typeof launchCommand> {
  const { name = 'x', isExecutable = false, searchPath = [bin, '/usr/bin', '/bin'].join(delimiter) } = given;
  const head = Buffer.from(text).subarray(0, HEAD_BYTES);
  return launchCommand({ path: join(root, name), head, isExecutable }, searchPath);
}

const SCRIPT = join(root, 'x');
const python = join(bin, 'python3');

describe('the first line of a script', () => {
  it.each([
    ['an absolute interpreter', `#!${python}\n`, [python]],
    ['one without a line end', `#!${python}`, [python]],
    ['white space before it', `#! \t ${python}\n`, [python]],
    ['white space behind it', `#!${python}  \n`, [python]],
    ['an argument', `#!${python} -u\n`, [python, '-u']],
    ['several arguments', `#!${python} -u\t -W  ignore\n`, [python, '-u', '-W', 'ignore']],
    ['the line ends of Windows', `#!${python}\r\nprint()\r\n`, [python]],
    ['such a line end behind an argument', `#!${python} -u\r\n`, [python, '-u']],
    ['the line ends of old Macs', `#!${python}\rprint()\r`, [python]],
    ['a byte order mark', `\uFEFF#!${python}\n`, [python]],
    ['a name without a path', '#!python3 -u\n', [python, '-u']],
    ['env', '#!/usr/bin/env python3\n', [python]],
    ['env of another directory', '#!/bin/env ruby\n', [join(bin, 'ruby')]],
    ['env, which is not where it should be', '#!/no/such/env python3\n', [python]],
    ['env and a line end of Windows', '#!/usr/bin/env python3\r\n', [python]],
    ['env -S', '#!/usr/bin/env -S python3 -u -X dev\n', [python, '-u', '-X', 'dev']],
    ['env -S without a space', '#!/usr/bin/env -Spython3 -u\n', [python, '-u']],
    ['env --split-string', '#!/usr/bin/env --split-string=python3 -u\n', [python, '-u']],
    ['env with arguments and no -S', '#!/usr/bin/env python3 -u\n', [python, '-u']],
    ['an argument -S that is not one of env', '#!/usr/bin/env -S python3 -S\n', [python, '-S']],
    ['quotes', `#!/usr/bin/env -S python3 -c "a b" 'c d'e\n`, [python, '-c', 'a b', 'c de']],
    ['an assignment', '#!/usr/bin/env -S A=1 python3 -u\n', ['/usr/bin/env', 'A=1', python, '-u']],
    ['an option', '#!/usr/bin/env -i python3\n', ['/usr/bin/env', '-i', python]],
    ['options in one word', '#!/usr/bin/env -iS python3 -u\n', ['/usr/bin/env', '-i', python, '-u']],
    ['an option with an argument', '#!/usr/bin/env -u B python3\n', ['/usr/bin/env', '-u', 'B', python]],
    ['a long option', '#!/usr/bin/env --unset=B python3\n', ['/usr/bin/env', '--unset=B', python]],
    [
      'a PATH',
      `#!/usr/bin/env -S PATH=${other} elsewhere\n`,
      ['/usr/bin/env', `PATH=${other}`, join(other, 'elsewhere')],
    ],
    [
      'several PATHs, of which the last counts',
      `#!/usr/bin/env -S PATH=/no/such PATH=${other} elsewhere\n`,
      ['/usr/bin/env', 'PATH=/no/such', `PATH=${other}`, join(other, 'elsewhere')],
    ],
    ['a name for it', '#!/usr/bin/env -S -a me python3\n', ['/usr/bin/env', '-a', 'me', python]],
    ['another folder for it', '#!/usr/bin/env -S -C / python3\n', ['/usr/bin/env', '-C', '/', python]],
    ['an env elsewhere with options', '#!/no/such/env -i python3\n', ['/usr/bin/env', '-i', python]],
    [
      'what only env understands',
      '#!/usr/bin/env -S python3 ${A} \\t # why\n',
      ['/usr/bin/env', '-S python3 ${A} \\t # why'],
    ],
    [
      'a quote without an end, which env refuses',
      `#!/usr/bin/env -S python3 -c 'a b\n`,
      ['/usr/bin/env', `-S python3 -c 'a b`],
    ],
  ])('may have %s', async (_, line, interpreter) => {
    expect(await launch(line)).toEqual({ command: [...interpreter, SCRIPT] });
  });

  it.each([
    ['/no/such/python', '#!/no/such/python -u\n'],
    ['python9', '#!/usr/bin/env python9\n'],
    ['python9', '#!/usr/bin/env -S A=1 python9\n'],
    ['elsewhere', '#!/usr/bin/env elsewhere\n'],
    ['not-executable', '#!/usr/bin/env not-executable\n'],
    ['directory', '#!/usr/bin/env directory\n'],
    ['bin/python3', '#!bin/python3\n'],
    ['a program', '#!/usr/bin/env\n'],
    ['a program', '#!/usr/bin/env -i\n'],
    ['/a\\x1b[2J\\x00', '#!/a\u001b[2J\0 -u\n'],
  ])('is an error when it asks for %s: %j', async (missing, line) => {
    expect(await launch(line, { isExecutable: true })).toEqual({
      level: 'error',
      reason: `asks for ${missing} in its first line, which is not there`,
    });
  });

  it('is looked for in the usual places without a PATH, and never in a folder that depends on where the server stands', async () => {
    const file = { path: SCRIPT, head: Buffer.from('#!sh\n'), isExecutable: false };
    expect(await launchCommand(file, undefined)).toEqual({
      command: [expect.stringMatching(/^\/(usr\/)?bin\/sh$/), SCRIPT],
    });
    const here = relative(process.cwd(), bin);
    expect(await launchCommand(file, `${here}::.`)).toMatchObject({ level: 'error' });
    expect(await launch('#!python3\n', { searchPath: `${here}:${bin}` })).toEqual({
      command: [python, SCRIPT],
    });
  });

  it('gives way to the extension, with a warning, when its interpreter is not there', async () => {
    expect(await launch('#!/opt/venv/bin/python\n', { name: 'x.py' })).toEqual({
      command: [python, join(root, 'x.py')],
      warning: `asks for /opt/venv/bin/python in its first line, which is not there: ${python} runs it, for its extension`,
    });
  });

  it.each(['#!\nx', '#! \n', '# !/bin/sh\n', ' #!/bin/sh\n', '\n#!/bin/sh\n'])(
    'is none in %j',
    async (text) => {
      expect(await launch(text)).toMatchObject({ level: 'debug' });
    },
  );

  it('is refused when it is longer than anybody writes', async () => {
    const long = `#!${python} ${'a'.repeat(HEAD_BYTES)}\n`;
    expect(await launch(long)).toEqual({
      level: 'error',
      reason: 'has a first line of more than 4096 bytes',
    });
    expect(await launch(long.slice(0, 1000))).toMatchObject({
      command: [python, expect.any(String), SCRIPT],
    });
  });

  it('is run as env itself would run it', async () => {
    const cases = [
      '-S A=1 python3 "b c" d',
      '-S python3 ${HOME} b\\_c',
      "-S 'A=b c' python3 -u",
      'A=x python3',
    ];
    for (const rest of cases) {
      const found = await launch(`#!/usr/bin/env ${rest}\n`);
      const env = { PATH: `${bin}:/usr/bin:/bin`, HOME: '/h' };
      const [program = '', ...parameters] = 'command' in found ? found.command : [];
      const kernel = [rest.startsWith('-S') ? rest : `-S ${rest}`, SCRIPT];
      const expected = execFileSync('/usr/bin/env', kernel, { env, encoding: 'utf8' });
      expect(execFileSync(program, parameters, { env, encoding: 'utf8' })).toBe(expected);
    }
  });
});

describe('a file without a first line for it', () => {
  const node = process.execPath;

  it.each([
    ['x.py', [python]],
    ['X.PY', [python]],
    ['x.sh', [join(bin, 'bash')]],
    ['x.bash', [join(bin, 'bash')]],
    ['x.js', [node]],
    ['x.mjs', [node]],
    ['x.cjs', [node]],
    ['x.ts', [node]],
    ['x.mts', [node]],
    ['x.v2.py', [python]],
  ])('%s is run by %j', async (name, interpreter) => {
    expect(await launch('print()', { name })).toEqual({ command: [...interpreter, join(root, name)] });
  });

  it('takes the second choice where the first is not there', async () => {
    const only = join(root, 'only');
    mkdirSync(only);
    talker(join(only, 'python'));
    talker(join(only, 'sh'));
    for (const [name, program] of [
      ['x.py', 'python'],
      ['x.sh', 'sh'],
    ] as const) {
      expect(await launch('', { name, searchPath: only })).toMatchObject({
        command: [join(only, program), expect.any(String)],
      });
    }
  });

  it('is an error where nothing runs it', async () => {
    expect(await launch('', { name: 'x.py', searchPath: root })).toEqual({
      level: 'error',
      reason: 'needs python3 or python, which is not in the PATH',
    });
    expect(await interpreterOf('x.ts', bin, false)).toMatchObject({
      reason: expect.stringContaining('is TypeScript'),
    });
  });

  it('is run by itself when it is machine code, whatever its extension', async () => {
    const program = readFileSync(process.execPath).subarray(0, HEAD_BYTES);
    for (const name of ['x', 'x.sh', 'x.bin']) {
      expect(await launch(program, { name, isExecutable: true })).toEqual({ command: [join(root, name)] });
      expect(await launch(program, { name })).toMatchObject({
        level: 'warn',
        reason: expect.stringContaining('chmod'),
      });
    }
  });

  it.each([
    ['text that may be executed', 'hello', 'x', true, 'warn'],
    ['data that may be executed', '\x89PNG\0', 'x.png', true, 'warn'],
    ['text', 'hello', 'README.md', false, 'debug'],
    ['nothing', '', 'x', false, 'debug'],
    ['data with the extension of a script', 'a\0b', 'x.py', false, 'warn'],
  ])('is not run when it is %s', async (_, text, name, isExecutable, level) => {
    expect(await launch(text, { name, isExecutable })).toMatchObject({ level });
  });

  it('is run when it is empty and has the extension of a script', async () => {
    expect(await launch('', { name: 'x.py' })).toMatchObject({ command: [python, expect.any(String)] });
  });
});
