/**
 * Bundles the program into dist/bundle: a few files instead of two thousand, which cuts the start to two thirds of the
 * time. External packages have files of their own (WebAssembly, threads) or are optional.
 */
export default {
  input: 'dist/hookgate.js',
  platform: 'node',
  external: [
    /^@electric-sql\/pglite/,
    'hash-wasm',
    'pino',
    'pino-pretty',
    // Optional packages that libraries try to load: the validation of type-graphql, the native driver of pg.
    'class-validator',
    'pg-native',
  ],
  // Apollo's libraries recognise Node.js by `module.require`; without it they hash every document in JavaScript (sha.js).
  transform: { define: { 'module.require': 'require' } },
  checks: { ineffectiveDynamicImport: false },
  onLog(level, { message }) {
    if (level === 'warn') throw new Error(message)
  },
  output: { dir: 'dist/bundle', format: 'cjs', entryFileNames: '[name].js', cleanDir: true },
}
