/**
 * The program in one piece, dist/bundle: a few files instead of two thousand, with which a start takes two thirds of the
 * time. What stays outside brings files of its own (WebAssembly, threads) or is loaded by those who ask for it alone.
 */
export default {
  input: 'dist/hookgate.js',
  platform: 'node',
  external: [
    /^@electric-sql\/pglite/,
    /^@prisma\/schema-engine-wasm/,
    'hash-wasm',
    'pino',
    'pino-pretty',
    // Asked for by libraries that do without: type-graphql's validation, and pg's other driver.
    'class-validator',
    'pg-native',
  ],
  // By this Apollo's libraries know Node.js; without it every document is hashed by JavaScript (sha.js).
  transform: { define: { 'module.require': 'require' } },
  checks: { ineffectiveDynamicImport: false },
  onLog(level, { message }) {
    if (level === 'warn') throw new Error(message)
  },
  output: { dir: 'dist/bundle', format: 'cjs', entryFileNames: '[name].js', cleanDir: true },
}
