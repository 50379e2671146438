import { z } from 'zod'

export const guid = () => z.guid().toLowerCase()
export const instant = () => z.iso.datetime()
export const msOf = (instantText: string): number => Date.parse(instantText)
