import { describe, expect, it } from '@jest/globals';
import { looksLikePython } from './python-path.js';

describe('a module path', () => {
  it.each(['my_pkg.backends', 'lmcache_xyz.connector', 'a.b.c', 'backend.py', './x/backend.py', 'x.pyc'])(
    '%s is one of Python',
    (path) => {
      expect(looksLikePython(path)).toBe(true);
    },
  );

  it.each(['backend.mjs', 'backend.ts', 'index.js', 'my-pkg', '@me/pkg.x', 'pkg/lib.x', './a.b', 'python'])(
    '%s is none of Python',
    (path) => {
      expect(looksLikePython(path)).toBe(false);
    },
  );
});
