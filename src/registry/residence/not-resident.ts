import { Problem } from '../../platform/problem.ts'

/** @throws when something only a resident can do is asked for somebody who has left. */
export class NotResident extends Problem {
  constructor() {
    super('not-resident', 409, 'This person has left the municipality. If they live here again, record their return.')
  }
}
