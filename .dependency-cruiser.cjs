/**
 * The arrows of ARCHITECTURE.md as rules. The comment of a rule is what somebody reads who broke it: it says why the
 * arrow exists, and what to do instead.
 */
const LEAVES = '^src/(common|config|protocols)/';
const ROOT_FILES = '^src/(app\\.module|main|cli|index|banner)\\.ts$';
const SPEC = '\\.spec\\.ts$';

/** @param {string} name @param {string} comment @param {object} from @param {object} to */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    forbid(
      'no-circular',
      'Two modules that import each other cannot be understood, tested or loaded apart, and with decorators an ES module cycle ' +
        'fails at start. Move what both need into a third file: an interface, or a token.',
      {},
      { circular: true },
    ),
    forbid(
      'leaves-import-nothing-above',
      'common, config and protocols are leaves: everybody may use them because they use nobody. Pass what a leaf needs as ' +
        'an argument, or move the code to the folder that it serves.',
      { path: LEAVES, pathNot: SPEC },
      { path: '^src/', pathNot: LEAVES },
    ),
    forbid(
      'common-imports-nothing',
      'common is below everything, the other leaves included.',
      { path: '^src/common/', pathNot: SPEC },
      { path: '^src/', pathNot: '^src/common/' },
    ),
    forbid(
      'protocols-are-pure',
      'A codec turns bytes into values and back. It does no I/O and knows no framework, so that it can be tested with recorded ' +
        'bytes and used by servers and clients alike. Sockets and files belong to a door or a backend.',
      { path: '^src/protocols/', pathNot: SPEC },
      {
        path: '^(node:)?(net|tls|http|https|fs|dgram|child_process)(/|$)|(^|/)node_modules/(@nestjs|fastify|rxjs)',
      },
    ),
    forbid(
      'arena-knows-only-keys',
      'The arena holds bytes for everybody and decides nothing: tiers, engine and doors come to it. It may know what a chunk key ' +
        'and the form of a chunk are, the configuration and common.',
      { path: '^src/arena/', pathNot: SPEC },
      { path: '^src/', pathNot: '^src/(arena|common|config|protocols/(chunk-key|chunk-form))/' },
    ),
    forbid(
      'codecs-know-chunks-only',
      'A codec makes one chunk of another, for whoever asks: a remote tier on its way to a store, or the tiers in place. It knows the arena ' +
        'and what is below, and not where its chunks come from.',
      { path: '^src/codecs/', pathNot: SPEC },
      { path: '^src/', pathNot: '^src/(codecs|arena|common|protocols)/' },
    ),
    forbid(
      'addon-behind-the-arena',
      'The C++ addon has one loader and one typed mirror, src/arena/native; everybody else asks the arena, which works without the ' +
        'addon, too.',
      { path: '^(src|test)/', pathNot: '^src/arena/native/' },
      { path: '^native/|\\.node$|(^|/)node_modules/node-addon-api' },
    ),
    forbid(
      'data-flows-one-way',
      'doors → engine → tiers → backends, and never back: the lower part answers, it does not call. If a backend needs to tell ' +
        'something, let it return a value or publish on a diagnostics channel; if it needs a service, inject it by a token.',
      { path: '^src/(backends|arena)/', pathNot: SPEC },
      { path: '^src/modules/' },
    ),
    forbid(
      'connectors-know-no-backend',
      'A connector speaks to one kind of store and knows nobody who uses it: arena, common, config and protocols are below it. What ' +
        'it answers are values of its own contract, remote-connector.interface.ts.',
      { path: '^src/connectors/', pathNot: SPEC },
      { path: '^src/(backends|layers|modules)/' },
    ),
    forbid(
      'connectors-do-not-see-each-other',
      'Each connector is a folder that can be taken out. What several share lies beside the folders, or in intake/, connection-pool/ and resp-client/.',
      { path: '^src/connectors/([^/]+)/', pathNot: SPEC },
      { path: '^src/connectors/[^/]+/', pathNot: '^src/connectors/($1|intake|connection-pool|resp-client)/' },
    ),
    forbid(
      'concrete-connectors-only-in-the-catalogue',
      'Everybody speaks to the RemoteConnector contract, and the scheme of a URL chooses. A concrete connector is named once, in its ' +
        'catalogue. Only peers, which are kvnests themselves, are spoken to as the connector to another kvnest does.',
      { path: '^src/', pathNot: `${SPEC}|^src/(connectors|backends/nixl)/|\\.catalog\\.ts$|${ROOT_FILES}` },
      { path: '^src/connectors/(?!intake/)[^/]+/' },
    ),
    forbid(
      'peers-are-other-kvnests',
      'The backend that reads from peers speaks kvnest’s own protocol; any other store is a remote tier.',
      { path: '^src/backends/nixl/', pathNot: SPEC },
      { path: '^src/connectors/(?!intake/|kvnest/)[^/]+/' },
    ),
    forbid(
      'the-client-is-a-leaf',
      'Who uses a cache installs its client, and must not load a server with it: src/client knows common and protocols, and nothing ' +
        'of what answers it.',
      { path: '^src/client/', pathNot: SPEC },
      { path: '^src/', pathNot: '^src/(client|common|protocols)/' },
    ),
    forbid(
      'the-client-loads-no-nest',
      'kvnest/client is for applications without Nest, too. What is for Nest alone is in src/client/nest and imported when it is ' +
        'asked for.',
      { path: '^src/client/', pathNot: `${SPEC}|^src/client/nest/` },
      { path: '(^|/)node_modules/(@nestjs|reflect-metadata)', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'nobody-needs-the-client',
      'The server speaks the protocol; only a connector to another kvnest, the backend that reads from peers, and commands that ask a running server are clients of it.',
      { path: '^src/(?!client/|connectors/|backends/nixl/|cli/)', pathNot: SPEC },
      { path: '^src/client/' },
    ),
    forbid(
      'code-of-users-comes-in-at-the-root',
      'Backends and connectors that users bring are loaded before the graph is built, by main.ts, and are then like any other. Nobody ' +
        'else may know where one came from.',
      { path: '^src/', pathNot: `${SPEC}|${ROOT_FILES}|^src/(external|cli)/` },
      { path: '^src/external/' },
    ),
    forbid(
      'code-of-users-meets-contracts',
      'What loads code of users knows the contracts that it must fulfil, and no backend or connector that is there already.',
      { path: '^src/external/', pathNot: SPEC },
      { path: '^src/(modules|layers|backends/[^/]+|connectors/[^/]+)/' },
    ),
    forbid(
      'plugins-are-processes-apart',
      'A plugin is a process that comes in through the doors like any client: what starts it needs to know where they listen, and ' +
        'nothing of the cache behind them.',
      { path: '^src/plugins/', pathNot: SPEC },
      {
        path: '^src/(modules|backends|connectors|layers|external|protocols|arena)/',
        pathNot: '^src/(modules/doors/[^/]+|arena/native/[^/]+)$|\\.(interface|tokens)\\.ts$',
      },
    ),
    forbid(
      'nobody-needs-plugins',
      'The server is whole without plugins. app.module.ts puts them beside it; others may know their interfaces, and the command line ' +
        'may list them.',
      { path: '^src/(?!plugins/)', pathNot: `${SPEC}|${ROOT_FILES}|^src/cli/` },
      { path: '^src/plugins/', pathNot: '\\.(interface|tokens)\\.ts$' },
    ),
    forbid(
      'layers-wrap-contracts',
      'A layer wraps any backend or connector: it knows their contracts and nothing concrete, or it would not be one.',
      { path: '^src/layers/', pathNot: SPEC },
      { path: '^src/(modules|backends/[^/]+|connectors/[^/]+)/' },
    ),
    forbid(
      'tiers-know-no-engine',
      'The tier stack finds and keeps chunks by key. Tokens, prefixes and requests are the engine’s business above it.',
      { path: '^src/modules/(tiers|prefetch)/', pathNot: SPEC },
      { path: '^src/modules/(engine|doors|health|metrics)/', pathNot: '\\.(interface|tokens)\\.ts$' },
    ),
    forbid(
      'engine-knows-no-door',
      'The engine serves every door alike. What only one protocol needs stays in the folder of its door.',
      { path: '^src/modules/engine/', pathNot: SPEC },
      { path: '^src/modules/doors/' },
    ),
    forbid(
      'prefetch-serves-the-engine',
      'Read-ahead and prefetch are parts of the engine, which imports them and is what others ask; of its answers they know the types.',
      { path: '^src/(?!modules/(engine|prefetch)/)', pathNot: `${SPEC}|${ROOT_FILES}` },
      { path: '^src/modules/prefetch/', pathNot: '\\.interface\\.ts$' },
    ),
    forbid(
      'doors-ask-the-engine',
      'A door parses, calls the engine and answers. Tiers and backends are behind the engine: what a door needs of them belongs into ' +
        'the engine’s contract.',
      { path: '^src/modules/doors/', pathNot: SPEC },
      { path: '^src/(modules/tiers|backends)/', pathNot: '\\.(interface|tokens)\\.ts$' },
    ),
    forbid(
      'doors-do-not-see-each-other',
      'Each door is a folder that can be taken out. What two doors share lies beside them, in src/modules/doors.',
      { path: '^src/modules/doors/([^/]+)/', pathNot: SPEC },
      { path: '^src/modules/doors/(http|resp|lm|tcp|nest)/', pathNot: '^src/modules/doors/$1/' },
    ),
    forbid(
      'backends-do-not-see-each-other',
      'Each backend is a folder that can be taken out. What several share is in src/backends/residency and medium, or beside the ' +
        'folders, or is the work of the tier stack.',
      { path: '^src/backends/([^/]+)/', pathNot: SPEC },
      { path: '^src/backends/[^/]+/', pathNot: '^src/backends/($1|residency|medium)/' },
    ),
    forbid(
      'concrete-backends-only-in-the-catalogue',
      'Everybody speaks to the StorageBackend contract, and tiers come from the configuration. A concrete backend is named once, in ' +
        'its catalogue.',
      { path: '^src/', pathNot: `${SPEC}|^src/backends/|\\.catalog\\.ts$|${ROOT_FILES}` },
      { path: '^src/backends/(?!residency/)[^/]+/' },
    ),
    forbid(
      'concrete-policies-only-in-the-catalogue',
      'An eviction policy is chosen by name in the configuration; its catalogue is the one place that names it.',
      { path: '^src/', pathNot: `${SPEC}|^src/modules/tiers/eviction/` },
      { path: '\\.policy\\.ts$' },
    ),
    forbid(
      'only-the-composition-root-knows-the-doors',
      'app.module.ts puts the parts together. Anything else that imports a door could not run without it.',
      { path: '^src/(?!modules/doors/)', pathNot: `${SPEC}|${ROOT_FILES}` },
      { path: '^src/modules/doors/(http|resp|lm|tcp|nest)/' },
    ),
    forbid(
      'source-imports-no-tests',
      'What the server needs at run time is not in test/: it would be missing from the package.',
      { path: '^src/', pathNot: SPEC },
      { path: '^(test|benchmarks|examples)/|\\.spec\\.ts$' },
    ),
    forbid(
      'nest-at-its-roots',
      'Import @nestjs packages by their root (or @nestjs/swagger and the like): files inside are not public and move between releases.',
      { path: '^(src|test|benchmarks)/' },
      { path: '^@nestjs/[^/]+/.|(^|/)node_modules/@nestjs/[^/]+/(?!(dist/)?index\\.(js|d\\.ts)$)' },
    ),
    forbid(
      'large-packages-behind-one-file',
      'class-validator and @nestjs/swagger take 6 and 7 MB when they are loaded whole. Import decorators from ' +
        'src/common/validation.ts and src/common/open-api.decorators.ts.',
      {
        path: '^src/',
        pathNot: `${SPEC}|^src/common/(validation|open-api\\.decorators)\\.ts$|^src/modules/doors/http/open-api\\.ts$`,
      },
      {
        path: '(^|/)node_modules/(class-validator|@nestjs/swagger)/',
        dependencyTypesNot: ['type-only'],
      },
    ),
    forbid(
      'no-unlisted-packages',
      'A package that package.json does not list is there by accident, and gone with the next update of whoever brought it.',
      { path: '^(src|benchmarks)/', pathNot: SPEC },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    ),
    forbid(
      'no-dev-packages-in-the-server',
      'The server runs without devDependencies.',
      { path: '^src/', pathNot: SPEC },
      { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/@types/' },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|native/build)/|/node_modules/\\.cache/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
