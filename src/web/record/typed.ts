/** A form under way: what was typed, field by field. */
export type Typed = Record<string, string>
