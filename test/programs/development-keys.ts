import { developmentKeys } from '../../src/secrets/development-keys'
import { serveCommands } from './commands'

export type DevelopmentKeysCommands = typeof commands

const commands = { developmentKeys }

serveCommands(() => commands)
