/** From what a caller sends to the document that is kept: size, form, rules, scripts, secrets. */
import { connectorProblems, connectorsIn } from '../../domain/connector-use.ts'
import type { CycleDocument } from '../../domain/document.ts'
import { ApiError, type Problem } from '../../domain/errors.ts'
import { didYouMean, DOCUMENT_MAX, parseDocument, parseDocumentText, scriptsOf } from '../../domain/schema/index.ts'
import { ScriptError } from '../../scripting/scripting.ts'
import { allOf } from '../../storage/pages.ts'
import { YamlText } from '../route.ts'
import type { Services } from '../services.ts'
import { sealSecrets } from './secrets.ts'

/**
 * The document with its secrets sealed; `input` is the `Definition` of a JSON body, or YAML, and `before` the document that it replaces. Throws `document_too_large`, or `document_invalid` with everything
 * that is wrong with it, scripts that do not parse (webhooks.md 8) and methods that no connector has (connectors.md 1) included.
 */
export async function readDefinition(
  { scripting, sealer, registry }: Pick<Services, 'scripting' | 'sealer' | 'registry'>,
  input: unknown,
  before?: CycleDocument,
): Promise<CycleDocument> {
  const size = Buffer.byteLength(input instanceof YamlText ? input.text : (JSON.stringify(input) ?? ''))
  if (size > DOCUMENT_MAX) throw new ApiError('document_too_large', `The document has ${size} bytes; at most ${DOCUMENT_MAX} (256 KiB) are taken.`)
  const parsed = input instanceof YamlText ? parseDocumentText(input.text, 'yaml') : parseDocument(input)
  if (!parsed.ok) throw documentInvalid(parsed.problems)
  const problems: Problem[] = []
  for (const { path, source, kind } of scriptsOf(parsed.document)) {
    const message = await scriptProblem(scripting, source, kind)
    if (message !== undefined) problems.push({ path, message })
  }
  if (connectorsIn(parsed.document).length > 0)
    problems.push(...connectorProblems(parsed.document, await allOf(page => registry.connectors.list(page)), didYouMean))
  const sealed = sealSecrets(parsed.document, before, plain => sealer.seal(plain))
  problems.push(...sealed.problems)
  if (problems.length > 0) throw documentInvalid(problems)
  return sealed.document
}

/** A script that cannot even be parsed within the sandbox's limits has a problem too. */
export async function scriptProblem(scripting: Services['scripting'], source: string, kind: 'script' | 'expression'): Promise<string | undefined> {
  try {
    return await scripting.check(source, kind)
  } catch (error) {
    if (error instanceof ScriptError) return error.message
    throw error
  }
}

/** Everything that is wrong with a document. */
export const documentInvalid = (problems: readonly Problem[]): ApiError =>
  new ApiError('document_invalid', problems.length === 1 ? 'The document has a problem.' : `The document has ${problems.length} problems.`, problems)
