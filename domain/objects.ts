/** Small helpers for JSON objects whose property names come from outside. */
import type { Json, JsonObject } from './json.ts'

export const isObject = (value: unknown): value is { [name: string]: unknown } => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same for JSON values, whose properties are JSON again. */
export const isJsonObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sets an own property whatever its name is: plain assignment to `__proto__` would set the prototype and lose the value. */
export function setOwn(object: JsonObject, name: string, value: Json): void {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}
