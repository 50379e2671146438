/** Writes openapi.json from the table of routes; with `--check` it only says whether the committed one is that. */
import { openApi } from '../api/docs/openapi.ts'
import { routes } from '../api/routes/index.ts'
import { generate } from './generated.ts'

await generate([{ path: 'openapi.json', make: () => `${JSON.stringify(openApi(routes), null, 2)}\n` }], 'npm run openapi')
