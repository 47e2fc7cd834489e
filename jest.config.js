/** How each project compiles: decorators with their metadata, as tsc emits them. */
const project = {
  testEnvironment: './test/support/environment.ts',
  transform: {
    '\\.[jt]sx?$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // jose is published as ES modules alone, which Jest's module system needs compiled.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
}

module.exports = {
  testTimeout: 240_000,
  // One more than the cores of a small machine: at any time some test waits for a retry, a timeout or a start.
  maxWorkers: 3,
  // Tests of one file that run at the same time (it.concurrent).
  maxConcurrency: 20,
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/test/!(api|browser|faults|field|bench|support)/**/*.test.ts',
        '<rootDir>/test/*.test.ts',
      ],
    },
    {
      ...project,
      displayName: 'api',
      testMatch: ['<rootDir>/test/api/**/*.test.ts'],
      globalSetup: './test/support/template.ts',
      globalTeardown: './test/support/template-teardown.ts',
    },
    {
      ...project,
      displayName: 'faults',
      testMatch: ['<rootDir>/test/faults/**/*.test.ts'],
      globalSetup: './test/support/template.ts',
      globalTeardown: './test/support/template-teardown.ts',
    },
    {
      ...project,
      displayName: 'field',
      testMatch: ['<rootDir>/test/field/**/*.test.ts'],
      globalSetup: './test/support/template.ts',
      globalTeardown: './test/support/template-teardown.ts',
    },
    {
      ...project,
      displayName: 'browser',
      testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
      globalSetup: './test/support/template.ts',
      globalTeardown: './test/support/template-teardown.ts',
    },
  ],
}
