import { resolve } from 'node:path'
import { defineConfig } from 'vite'

/**
 * Builds the browser pages into dist/console, where src/http serves them from.
 * A page's folder is its URL path: dist/console/graphiql is served under /graphiql/, assets included. Pages name their files by
 * relative URLs, because a proxy may serve them below a path of its own.
 */
export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    outDir: '../../dist/console',
    emptyOutDir: true,
    assetsDir: 'graphiql/assets',
    target: 'es2022',
    // The editor is one file of 3 MB. Browsers load it once and cache it, so splitting it gains nothing.
    chunkSizeWarningLimit: 3000,
    rolldownOptions: {
      input: resolve(import.meta.dirname, 'graphiql/index.html'),
      // Libraries mark their modules "use client" for servers that render React; a browser build has no use for it.
      checks: { moduleLevelDirective: false },
    },
  },
})
