import { z } from '@hono/zod-openapi'
import { FREE_TEXT, type Holds } from '../../src/firewall/free-text.ts'

type Found = Record<string, Holds | 'unmarked'>

/**
 * Every place of a schema where somebody can write freely, by its pointer (`*` for each of a list), with its mark. What
 * has a format, or a pattern that takes no space, says nothing by itself and is left out.
 */
export function textsOf(schema: z.core.$ZodType, pointer = '', found: Found = {}): Found {
  const holds = FREE_TEXT.get(schema)?.holds
  if (holds !== undefined) {
    found[pointer] = holds
    return found
  }
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'string':
      if (!isClosed(schema)) found[pointer] = 'unmarked'
      break
    case 'object':
      for (const [key, inner] of Object.entries(def.shape)) textsOf(inner, `${pointer}/${key}`, found)
      break
    case 'array':
      textsOf(def.element, `${pointer}/*`, found)
      break
    case 'record':
      textsOf(def.valueType, `${pointer}/*`, found)
      break
    case 'union':
      for (const option of def.options) textsOf(option, pointer, found)
      break
    case 'optional':
    case 'nullable':
    case 'default':
      textsOf(def.innerType, pointer, found)
      break
    case 'enum':
    case 'literal':
    case 'number':
    case 'boolean':
      break
    default:
      found[pointer] = 'unmarked'
  }
  return found
}

const isClosed = (schema: z.core.$ZodType) =>
  'format' in schema._zod.def ||
  ['two words', 'twowords', 'Two words 1'].every((text) => text === 'twowords' || !z.safeParse(schema, text).success)
