/** The name of a field of the schema as a column and in the REST API: `isActive` is `is_active`. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
