/** Nobody who is registered was born before. */
export const FIRST_BIRTH_YEAR = 1850
