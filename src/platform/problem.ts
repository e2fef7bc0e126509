/**
 * Words of our own: a text that stands in the source. A text that comes from anywhere else is a `string`, which TypeScript
 * does not take for one that is known to begin with a capital, so that nothing of anybody can be put into an error.
 */
export type Words = Capitalize<string>
/** A code of our own, in the same way: in small letters, as it stands in the source. */
export type Code = Lowercase<string>

/** Our own words around what is ours too: numbers, days and times, codes, and words again. */
export const words = (
  parts: TemplateStringsArray,
  ...values: readonly (number | Code | Words | Temporal.PlainDate | Temporal.Instant)[]
): Words => String.raw({ raw: parts }, ...values.map(String)) as Words

/** One bad field: a JSON Pointer (RFC 6901) into the body, or a parameter name, and what to do. */
export interface FieldError {
  pointer: string
  detail: Words
  /** It was more than there is room for. */
  tooLong?: true
}

/**
 * An error a caller may see. Domain errors extend it; only the HTTP edge turns it into an
 * RFC 9457 problem. Titles and details never hold personal data.
 */
export class Problem extends Error {
  /** Stable, machine-readable; the last segment of the problem's `type`. */
  readonly code: Code
  readonly status: number
  readonly errors: readonly FieldError[]

  // biome-ignore lint/complexity/useMaxParams: each error is a class that says these in one line
  constructor(code: Code, status: number, title: Words, errors: readonly FieldError[] = []) {
    super(title)
    this.name = new.target.name
    this.code = code
    this.status = status
    this.errors = errors
  }
}

/** Seconds after which it is worth asking again where something is away. @see RFC 9110 section 10.2.3 */
export const retryAfter = ({ status, code }: Pick<Problem, 'status' | 'code'>): { 'retry-after'?: Code } =>
  status === 503 ? { 'retry-after': '2' } : code === 'too-many-attempts' ? { 'retry-after': '600' } : {}

/** @throws when a caller sent something that cannot be accepted; `errors` says where, and is never empty. */
export class InvalidInput extends Problem {
  constructor(errors: readonly [FieldError, ...FieldError[]]) {
    super(
      'invalid-input',
      422,
      'Some of what was sent cannot be accepted. Correct the listed fields and send it again.',
      errors,
    )
  }

  /** What a schema found, each where it is (RFC 6901). */
  static of(
    { issues }: { issues: readonly { code: string; path: readonly PropertyKey[] }[] },
    detail: Words = 'Give this.',
  ): InvalidInput {
    const [first, ...more] = issues.map(({ code, path }): FieldError => {
      const pointer = `/${path.map(String).join('/')}`
      return code === 'too_big' ? { pointer, detail: 'Write less.', tooLong: true } : { pointer, detail }
    })
    return new InvalidInput([first ?? { pointer: '', detail }, ...more])
  }
}

/** @throws {InvalidInput} where anything was found wrong */
export function mustBeValid([first, ...more]: readonly FieldError[]): void {
  if (first) throw new InvalidInput([first, ...more])
}

/** @throws of a value that the database has no place for, and that nobody foresaw; where it stood is not known. */
export class NoSuchValue extends Problem {
  constructor() {
    super(
      'no-such-value',
      422,
      'One of the values that were sent cannot be written down. Look at it and send it again.',
    )
  }
}

/** @throws when what came is no form: its connection broke, or no browser sent it. */
export class NotAForm extends Problem {
  constructor() {
    super('not-a-form', 422, 'What came is no whole form. Send it again.')
  }
}

/** @throws when the thing asked for is not there, or not there for this requester: the two look the same. */
export class NotFound extends Problem {
  constructor() {
    super('not-found', 404, 'Nothing was found here for you.')
  }
}

/** @throws when no is said without a reason: to somebody it is not for, or to a form from another site. */
export class NotAllowed extends Problem {
  constructor() {
    super('refused', 403, 'This request is refused.')
  }
}

/** @throws when what was sent ended before its end: a line broke, or somebody closed a page. */
export class Incomplete extends Problem {
  constructor() {
    super('incomplete', 400, 'What was sent did not come whole. Send it again.')
  }
}

/** @throws when `If-Match` is absent or names an older version. */
export class VersionConflict extends Problem {
  constructor(missing = false) {
    super(
      missing ? 'version-required' : 'version-conflict',
      missing ? 428 : 412,
      missing
        ? 'Send If-Match with the ETag you last read, so that nobody’s change is lost.'
        : 'Somebody changed this record after you read it. Read it again, then repeat your change.',
    )
  }
}

/** An error where a protocol of the OAuth family says how it is written. `code` is that protocol's. @see RFC 6749 section 5.2 */
export class OAuthProblem extends Problem {}

/** What PostgreSQL says of a value that is none of its type, or out of its range. @see PostgreSQL, appendix A, class 22 */
const NO_SUCH_VALUE = /^22\w{3}$/

/**
 * An error as a caller may see it. A value that the database cannot hold is the caller's, whatever door it came through; anything
 * else that nobody foresaw is ours.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (NO_SUCH_VALUE.test(code)) return new NoSuchValue()
  return new Problem('unexpected', 500, 'Something went wrong on our side. Nothing was lost: try again.')
}
