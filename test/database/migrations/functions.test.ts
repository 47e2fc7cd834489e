import { installScript, readFunctions } from '../../../src/database/migrations/functions'

const functions = readFunctions()
const named = (name: string) => functions.find((each) => each.name === name)

it('A role that serves needs no grant of the function for other programs, and one of each other function', () => {
  expect(functions.filter(({ isCalledHere }) => !isCalledHere).map(({ name }) => name)).toEqual([
    'hookgate_publish',
  ])
  expect(named('publish_event')?.isCalledHere).toBe(true)
})

describe('A function that works with the rights of its owner', () => {
  const owners = functions.filter(({ text }) => /SECURITY\s+DEFINER/i.test(text.replace(/^--.*$/gm, '')))

  it.each(owners.map(({ name, text }) => [name, text]))(
    'is closed to PUBLIC and has a search_path: %s',
    (name, text) => {
      expect(text).toContain('SET search_path FROM CURRENT')
      expect(text).toMatch(new RegExp(`^REVOKE ALL ON FUNCTION ${name}\\(.*\\) FROM PUBLIC;$`, 'm'))
    },
  )

  it('is installed while search_path names the schema of the installation and temporary tables alone', () => {
    const script = installScript(functions)
    const setting = script.indexOf("set_config('search_path', format('%I, pg_temp', current_schema()), true)")
    expect(setting).toBeGreaterThan(0)
    expect(setting).toBeLessThan(script.indexOf('CREATE OR REPLACE FUNCTION'))
  })
})
