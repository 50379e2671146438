/** Writes the JSON Schemas of documents to `schemas/`; with `--check` it only says whether the committed ones are those. */
import { format } from 'prettier'
import { connectorJsonSchema, jsonSchema } from '../domain/schema/index.ts'
import { generate } from './generated.ts'

await generate(
  Object.entries({ cycle: jsonSchema(), connector: connectorJsonSchema() }).map(([name, schema]) => ({
    path: `schemas/${name}.json`,
    make: () => format(JSON.stringify(schema), { parser: 'json', printWidth: 160 }),
  })),
  'npm run schemas',
)
