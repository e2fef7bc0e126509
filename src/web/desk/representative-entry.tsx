import { nameText } from '../../proofs/paper/paper.ts'
import type { CourtLimit } from '../../registry/model.ts'
import type { NamedRepresentation, Represented } from '../../registry/person/representation/record-representative.ts'
import { representationKinds } from '../record/registration-names.ts'
import type { Typed } from '../record/typed.ts'
import { Button, type Faults, Field, Group, PostForm, Select, Tick } from '../ui/form.tsx'
import type { Texts } from '../ui/language.ts'
import type { DeskContext } from './shell.tsx'

/** One who acts for the neighbour, and what can be done about it. */
export function RepresentativeEntry(props: {
  context: DeskContext
  ward: Represented
  entry: NamedRepresentation
  typed: Typed
  faults: Faults
}) {
  const { context, ward, entry, typed, faults } = props
  const { t, session } = context
  const { id, kind, limits = [], court } = entry
  const names = Object.fromEntries([...representationKinds(t), ['institution', t['representatives.actsInstitution']]])
  const on = (limit: CourtLimit) => (typed.kind ? typed[limit] !== undefined : limits.includes(limit))
  return (
    <li>
      {entry.neighbourId ? (
        <a href={`/desk/neighbours/${entry.neighbourId}`}>
          <bdi>{entry.bearer ? nameText(entry.bearer, t['page.newbornOf']) : '…'}</bdi>
        </a>
      ) : (
        <bdi>{entry.name}</bdi>
      )}{' '}
      · {names[kind]}
      {limits.includes('not-told-where') ? <p>{t['representatives.actsNotTold']}</p> : ''}
      {limits.includes('no-say') ? <p>{t['representatives.actsNoSay']}</p> : ''}
      {court ? (
        <p>
          <bdi>{court}</bdi>
        </p>
      ) : (
        ''
      )}
      <PostForm action={`/desk/neighbours/${ward.id}/representatives/${id}`} csrf={session.csrf}>
        {kind === 'institution' ? (
          ''
        ) : (
          <>
            <Select
              name="kind"
              id={`kind-${id}`}
              label={t['representatives.actsAs']}
              value={typed.kind ?? kind}
              options={representationKinds(t)}
            />
            <Limits t={t} suffix={`-${id}`} on={on} court={typed.court ?? court ?? ''} fault={faults.court} />
            <Button secondary>{t['desk.save']}</Button>
          </>
        )}
        <Button warning name="end" value="yes">
          {t['representatives.actsEnd']}
        </Button>
      </PostForm>
    </li>
  )
}

export function Limits(props: {
  t: Texts
  suffix?: string
  on: (limit: CourtLimit) => boolean
  court: string
  fault?: string | undefined
}) {
  const { t, suffix = '', on, court, fault } = props
  return (
    <Group name={`limits${suffix}`} legend={t['representatives.actsLimits']}>
      <Tick
        name="not-told-where"
        id={`not-told-where${suffix}`}
        label={t['representatives.actsNotTold']}
        on={on('not-told-where')}
      />
      <Tick name="no-say" id={`no-say${suffix}`} label={t['representatives.actsNoSay']} on={on('no-say')} />
      <Field
        name="court"
        id={`court${suffix}`}
        label={t['representatives.actsCourt']}
        value={court}
        fault={fault}
        auto
      />
    </Group>
  )
}
