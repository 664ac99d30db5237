import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/** What plain scripts use of Node without importing it. */
const scriptGlobals = Object.fromEntries(
  `process console performance fetch URL Buffer AbortSignal structuredClone TextDecoder TextEncoder
   setTimeout clearTimeout setInterval clearInterval setImmediate`
    .split(/\s+/)
    .map((name) => [name, 'readonly']),
);

export default tseslint.config(
  {
    ignores: [
      '.cache',
      'dist',
      'node_modules',
      'native/build',
      'coverage',
      'docs/generated',
      '**/node_modules',
      '**/dist',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true, allowEmpty: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Indexing typed arrays in a checked range: `as number` says more than `!`.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Nest declares its options as classes and takes literals.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 12],
    },
  },
  {
    // Their own tsconfig.json is for a package on its own, where `kvnest` is in node_modules.
    files: ['examples/external-*/**/*.ts', 'examples/nest-app/**/*.ts'],
    languageOptions: { parserOptions: { projectService: false, project: './tsconfig.json' } },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/prefer-importing-jest-globals': 'error',
      'jest/expect-expect': [
        'error',
        { assertFunctionNames: ['expect*', '*.expect*', 'assert*', 'fc.assert'] },
      ],
      'jest/no-export': 'off',
      'jest/no-standalone-expect': 'off',
      'jest/no-conditional-expect': 'off',
      'jest/valid-title': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: { ...scriptGlobals, module: 'writable' },
    },
  },
  prettier,
);
