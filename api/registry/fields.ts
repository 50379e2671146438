import { z } from 'zod'
import { asIdentifier } from '../../domain/ids.ts'

export const guid = () => z.guid().toLowerCase()
const IDENTIFIER = /^[0-9A-Za-z]{22}$/
/** Said again, as no schema can be made of what comes out of a transformation. */
export const identifier = () =>
  z.string().regex(IDENTIFIER, 'must be 22 letters and digits').transform(asIdentifier).meta({ type: 'string', pattern: IDENTIFIER.source })
export const instant = () => z.iso.datetime()
export const msOf = (instantText: string): number => Date.parse(instantText)
