import { z } from 'zod'
import { asIdentifier } from '../../domain/ids.ts'

export const guid = () => z.guid().toLowerCase()
export const identifier = () =>
  z
    .string()
    .regex(/^[0-9A-Za-z]{22}$/, 'must be 22 letters and digits')
    .transform(asIdentifier)
export const instant = () => z.iso.datetime()
export const msOf = (instantText: string): number => Date.parse(instantText)
