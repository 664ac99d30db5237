import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cruise, type ICruiseResult, type IConfiguration } from 'dependency-cruiser';
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const ROOT = resolve(import.meta.dirname, '../..');

/** One planted violation per rule: the file that commits it, and what it imports. */
const VIOLATIONS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'no-circular': ['src/modules/engine/a.ts', './b.js'],
  'leaves-import-nothing-above': ['src/config/leaf.ts', '../modules/engine/engine.js'],
  'common-imports-nothing': ['src/common/leaf.ts', '../config/config.js'],
  'protocols-are-pure': ['src/protocols/lm/codec.ts', 'node:net'],
  'arena-knows-only-keys': ['src/arena/region.ts', '../protocols/lm/frames.js'],
  'codecs-know-chunks-only': ['src/codecs/upward.ts', '../backends/backend.interface.js'],
  'addon-behind-the-arena': [
    'src/backends/memory/fast.ts',
    '../../../native/build/Release/kvnest_native.node',
  ],
  'data-flows-one-way': ['src/backends/memory/upward.ts', '../../modules/tiers/stack.js'],
  'connectors-know-no-backend': ['src/connectors/redis/upward.ts', '../../backends/backend.interface.js'],
  'connectors-do-not-see-each-other': ['src/connectors/redis/neighbour.ts', '../fs/fs.js'],
  'concrete-connectors-only-in-the-catalogue': [
    'src/backends/remote/concrete.ts',
    '../../connectors/fs/fs.js',
  ],
  'peers-are-other-kvnests': ['src/backends/nixl/elsewhere.ts', '../../connectors/fs/fs.js'],
  'the-client-is-a-leaf': ['src/client/upward.ts', '../config/config.js'],
  'the-client-loads-no-nest': ['src/client/framed.ts', '@nestjs/common'],
  'nobody-needs-the-client': ['src/modules/engine/asks.ts', '../../client/connect.js'],
  'code-of-users-comes-in-at-the-root': ['src/modules/engine/loads.ts', '../../external/load.js'],
  'code-of-users-meets-contracts': ['src/external/concrete.ts', '../backends/disk/disk.js'],
  'plugins-are-processes-apart': ['src/plugins/inward.ts', '../modules/engine/engine.js'],
  'nobody-needs-plugins': ['src/modules/health/plugged.ts', '../../plugins/discover.js'],
  'layers-wrap-contracts': ['src/layers/concrete.ts', '../connectors/fs/fs.js'],
  'tiers-know-no-engine': ['src/modules/tiers/upward.ts', '../engine/engine.js'],
  'engine-knows-no-door': ['src/modules/engine/upward.ts', '../doors/door.js'],
  'prefetch-serves-the-engine': ['src/modules/health/ahead.ts', '../prefetch/pipeline.js'],
  'doors-ask-the-engine': ['src/modules/doors/http/shortcut.ts', '../../tiers/stack.js'],
  'doors-do-not-see-each-other': ['src/modules/doors/http/neighbour.ts', '../resp/resp.js'],
  'backends-do-not-see-each-other': ['src/backends/memory/neighbour.ts', '../disk/disk.js'],
  'concrete-backends-only-in-the-catalogue': ['src/modules/tiers/concrete.ts', '../../backends/disk/disk.js'],
  'concrete-policies-only-in-the-catalogue': ['src/modules/tiers/chosen.ts', './eviction/lru.policy.js'],
  'only-the-composition-root-knows-the-doors': ['src/modules/health/door.ts', '../doors/resp/resp.js'],
  'source-imports-no-tests': ['src/modules/engine/tested.ts', '../../../test/support/engine.js'],
  'nest-at-its-roots': ['src/modules/engine/inside.ts', '@nestjs/core/nest-factory.js'],
  'large-packages-behind-one-file': ['src/modules/engine/large.ts', 'class-validator'],
  'no-unlisted-packages': ['src/modules/engine/unlisted.ts', 'kvnest-no-such-package'],
  'no-dev-packages-in-the-server': ['src/modules/engine/dev.ts', 'fast-check'],
};

/** What the violations import, and imports that are right. */
const INNOCENT: Readonly<Record<string, string>> = {
  'src/modules/engine/b.ts': "import './a.js';",
  'src/modules/engine/engine.ts':
    "import '../tiers/stack.js'; import '../prefetch/pipeline.js'; import '@nestjs/core';",
  'src/modules/tiers/stack.ts':
    "import '../../backends/backend.interface.js'; import '../../common/clock.js';",
  'src/modules/tiers/eviction/lru.policy.ts': '',
  'src/modules/tiers/eviction/policies.catalog.ts': "import './lru.policy.js';",
  'src/modules/prefetch/pipeline.ts': "import 'rxjs';",
  'src/modules/doors/door.ts': "import '../engine/engine.js';",
  'src/modules/doors/resp/resp.ts': "import '../door.js'; import '../../../protocols/lm/frames.js';",
  'src/backends/backend.interface.ts': '',
  'src/client/connect.ts': "import '../protocols/lm/frames.js'; import '../common/clock.js';",
  'src/client/nest/module.ts': "import '@nestjs/common'; import '../connect.js';",
  'src/connectors/connector.interface.ts': '',
  'src/connectors/intake/intake.ts': '',
  'src/connectors/fs/fs.ts': "import '../intake/intake.js'; import '../connector.interface.js';",
  'src/connectors/connectors.catalog.ts': "import './fs/fs.js';",
  'src/plugins/discover.ts':
    "import '../config/config.js'; import '../modules/doors/door.js'; import './plugin.interface.js';",
  'src/plugins/plugin.interface.ts': '',
  'src/modules/metrics/plugins.ts': "import '../../plugins/plugin.interface.js';",
  'src/cli/plugins.command.ts': "import '../plugins/discover.js';",
  'src/layers/timeout.layer.ts':
    "import '../connectors/connector.interface.js'; import '../backends/backend.interface.js';",
  'src/external/load.ts':
    "import '../backends/backend.interface.js'; import '../connectors/connector.interface.js';",
  'src/backends/disk/disk.ts': "import '../residency/index.js'; import '../../arena/arena.js';",
  'src/backends/residency/index.ts': '',
  'src/backends/backends.catalog.ts': "import './disk/disk.js';",
  'src/arena/arena.ts': "import '../protocols/chunk-key/key.js'; import '../config/config.js';",
  'src/protocols/chunk-key/key.ts': '',
  'src/protocols/lm/frames.ts': "import '../chunk-key/key.js';",
  'src/config/config.ts': "import '../common/clock.js'; import '@nestjs/common';",
  'src/common/clock.ts': '',
  'src/common/validation.ts': "import type { ValidationError } from 'class-validator';",
  'src/modules/doors/http/open-api.ts': "import '@nestjs/swagger';",
  'src/app.module.ts': "import './modules/doors/resp/resp.js'; import './modules/engine/engine.js';",
  'test/support/engine.ts': '',
};

function plant(root: string): void {
  const files = { ...INNOCENT };
  for (const [from, to] of Object.values(VIOLATIONS)) files[from] = `import '${to}';`;
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\nexport const x = 1;\n`);
  }
  const { dependencies, devDependencies } = createRequire(import.meta.url)(
    join(ROOT, 'package.json'),
  ) as object & Record<string, unknown>;
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ name: 'planted', dependencies, devDependencies }),
  );
}

describe('dependency rules', () => {
  const { forbidden = [], options = {} } = createRequire(import.meta.url)(
    join(ROOT, '.dependency-cruiser.cjs'),
  ) as IConfiguration;
  let root = '';
  let caught: readonly { readonly rule: string; readonly from: string }[] = [];

  beforeAll(async () => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    root = mkdtempSync(join(ROOT, '.cache/dependency-rules-'));
    plant(root);
    const result = await cruise(
      ['src', 'test'],
      { ...options, baseDir: root, validate: true, ruleSet: { forbidden } },
      {},
      { tsConfig: extractTsConfig(join(ROOT, 'tsconfig.json')) },
    );
    caught = (result.output as ICruiseResult).summary.violations.map(({ rule, from }) => ({
      rule: rule.name,
      from,
    }));
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('have a planted violation each, and a message', () => {
    expect(Object.keys(VIOLATIONS).sort()).toEqual(forbidden.map(({ name }) => name ?? '').sort());
    expect(forbidden.filter(({ comment = '' }) => comment.length < 40)).toEqual([]);
  });

  it.each(Object.entries(VIOLATIONS))('%s is caught', (rule, [from]) => {
    expect(caught).toContainEqual({ rule, from });
  });

  it('leave everything else alone', () => {
    const planted = new Set([...Object.values(VIOLATIONS).map(([from]) => from), 'src/modules/engine/b.ts']);
    expect(caught.filter(({ from }) => !planted.has(from))).toEqual([]);
  });
});
