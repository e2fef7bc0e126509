import { counted, listText } from '../../platform/counted.ts'
import { addressText } from '../../proofs/address-text.ts'
import type { ProofOutline } from '../../proofs/list-proofs.ts'
import { nameText } from '../../proofs/paper/paper.ts'
import type { UnderWay } from '../../registry/departure/proceedings-due.ts'
import type { Mate } from '../../registry/household/households.ts'
import type { Address } from '../../registry/model.ts'
import type { Neighbour } from '../../registry/person/neighbours.ts'
import { representationKinds } from '../record/registration-names.ts'
import { bornText, dayText } from '../record/texts.ts'
import { Button, PostForm } from '../ui/form.tsx'
import { languageName } from '../ui/language.ts'
import { Done, Fact, Facts } from '../ui/parts.tsx'
import { Correct } from './correcting.tsx'
import { SaidBoxes } from './dates.tsx'
import { EraseBox } from './erasures.tsx'
import { HandOver, Proofs } from './hand-over.tsx'
import { Tabs } from './neighbour-past-page.tsx'
import { withinCase } from './purpose.ts'
import { Reading } from './reading.tsx'
import { deskScript } from './script.ts'
import { Settle } from './settling.tsx'
import { Desk, type DeskContext } from './shell.tsx'

interface PageProps {
  context: DeskContext
  neighbour: Neighbour
  /** Those they live with, of whom the reader may know. */
  mates: readonly Mate[]
  proofs: readonly ProofOutline[]
  idempotencyKey: string
  registered: boolean
  /** Whether how to reach them and who acts for them was opened too. */
  reach: boolean
}

const action = ({ neighbour }: PageProps, what: string) => `/desk/neighbours/${neighbour.id}/${what}`

/** A neighbour as they are now, and what the reason of the case lets one do at the desk. */
export function NeighbourPage(props: PageProps) {
  const { context, neighbour, proofs, idempotencyKey, registered, reach } = props
  const { t, language } = context
  const {
    id,
    name,
    dateOfBirth,
    address,
    residence,
    said,
    household,
    contact,
    languages,
    representatives,
    departedOn,
    heardOn,
    underWay,
  } = neighbour
  const { may, opens } = withinCase(context.requester)
  const actsAs: Record<string, string> = Object.fromEntries(representationKinds(t))
  const shut = (['contact', 'representatives'] as const).filter(opens).map((field) => t[`fields.${field}`])
  const closed = listText(language, shut)
  return (
    <Desk context={context} title={t['desk.record']} script={deskScript.address}>
      {registered ? (
        <Done>
          {t['neighbour.done']}
          {said?.length ? ` ${t['dates.kept']}` : ''}
        </Done>
      ) : (
        ''
      )}
      <h1>
        <bdi data-whom="yes">{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
        <Reading name={name} />
      </h1>
      {underWay ? <BeingDecided context={context} id={id} underWay={underWay} /> : ''}
      {departedOn ? (
        <p class="govuk-inset-text">{t['desk.gone'].replace('{day}', dayText(language, departedOn))}</p>
      ) : (
        ''
      )}
      <Facts>
        <Fact name={t['desk.born']}>{bornText(language, dateOfBirth)}</Fact>
        <Fact name={t['desk.where']}>{address ? <WhereText context={context} address={address} /> : '–'}</Fact>
        {address?.kind === 'no-fixed-address' && address.referenceAddress ? (
          <Fact name={t['neighbour.referenceAddress']}>
            <bdi>{addressText(address)}</bdi>
          </Fact>
        ) : (
          ''
        )}
        {household ? (
          <Fact name={t['neighbour.livesWith']}>
            <Mates {...props} />
          </Fact>
        ) : (
          ''
        )}
        <Fact name={t['desk.since']}>{dayText(language, residence?.residentSince)}</Fact>
        <Fact name={t['desk.heard']}>{dayText(language, heardOn)}</Fact>
        {languages?.length ? (
          <Fact name={t['desk.speaks']}>{listText(language, languages.map(languageName))}</Fact>
        ) : (
          ''
        )}
        {reach && opens('contact') ? (
          <Fact name={t['fields.contact']}>
            <bdi>
              {listText(
                language,
                Object.values(contact ?? {}).flatMap((one) => one ?? []),
              ) || '–'}
            </bdi>
          </Fact>
        ) : (
          ''
        )}
        {reach && opens('representatives') ? (
          <Fact name={t['fields.representatives']}>
            {representatives?.length ? (
              <a href={`/desk/neighbours/${id}/representatives`}>
                <bdi>
                  {listText(
                    language,
                    representatives.map((one) => one.name ?? actsAs[one.kind] ?? '–'),
                  )}
                </bdi>
              </a>
            ) : (
              '–'
            )}
          </Fact>
        ) : (
          ''
        )}
        {reach || !closed ? (
          ''
        ) : (
          <Fact name={closed}>
            <a href={`/desk/neighbours/${id}?open=reach`}>{t['neighbour.openPart']}</a>
          </Fact>
        )}
      </Facts>
      {may('correct-time') ? (
        <SaidBoxes
          context={context}
          id={id}
          version={neighbour.version}
          said={said ?? []}
          idempotencyKey={idempotencyKey}
        />
      ) : (
        ''
      )}
      <Tabs context={context} id={id} here="now" />
      <Acts {...props} />
      {may('prove') || may('enrol') ? <HandOver {...props} /> : ''}
      {proofs.length > 0 ? <Proofs {...props} /> : ''}
      {departedOn && context.requester.role === 'supervisor' ? (
        <EraseBox context={context} id={id} idempotencyKey={idempotencyKey} />
      ) : (
        ''
      )}
      {['prove', 'enrol', 'correct', 'move'].every(may) ? (
        ''
      ) : (
        <p class="govuk-inset-text">{t['neighbour.closedFor']}</p>
      )}
    </Desk>
  )
}

/** Where somebody lives, and what was said of a place that is no address. */
function WhereText({ context, address }: { context: DeskContext; address: Address }) {
  const { t } = context
  if (address.kind === 'no-fixed-address')
    return (
      <>
        {t['address.kindNone']}
        {address.usualArea ? (
          <>
            <br />
            <bdi>{t['desk.saidSo'].replace('{words}', () => address.usualArea ?? '')}</bdi>
          </>
        ) : (
          ''
        )}
      </>
    )
  return (
    <>
      <bdi>{addressText(address)}</bdi>
      {address.coordinates ? (
        <small dir="ltr">
          {address.coordinates.latitude}, {address.coordinates.longitude}
        </small>
      ) : (
        ''
      )}
    </>
  )
}

/** Those of the household by name, each to be opened, and how many there are. */
function Mates({ context, neighbour, mates }: PageProps) {
  const { t, language } = context
  const { household } = neighbour
  if (household === undefined) return ''
  return (
    <>
      {mates.map(({ id, name }) => (
        <>
          <a href={`/desk/neighbours/${id}`}>
            <bdi>{name ? nameText(name, t['page.newbornOf']) : '…'}</bdi>
          </a>
          <br />
        </>
      ))}
      {t['desk.household']}: {counted(t['desk.alone'], language, { n: household.size })} ·{' '}
      <a href={`/desk/register?household=${household.id}`}>{t['neighbour.addHere']}</a>
    </>
  )
}

/** What can be done now, one button beside another; what asks for more opens where it stands. */
function Acts(props: PageProps) {
  const { context, neighbour, idempotencyKey, reach } = props
  const { t, session } = context
  const { id, departedOn } = neighbour
  const { may } = withinCase(context.requester)
  const button = 'govuk-button govuk-button--secondary'
  return (
    <section class="acts" aria-labelledby="acts">
      <h2 id="acts">{t['neighbour.do']}</h2>
      {may('correct') ? <Correct context={context} neighbour={neighbour} reach={reach} /> : ''}
      {may('move') ? <Settle context={context} neighbour={neighbour} idempotencyKey={idempotencyKey} /> : ''}
      <div class="govuk-button-group">
        {departedOn || !may('confirm') ? (
          ''
        ) : (
          <PostForm action={action(props, 'confirm')} csrf={session.csrf}>
            <input type="hidden" name="idempotencyKey" value={idempotencyKey} />
            <Button secondary>{t['neighbour.confirm']}</Button>
          </PostForm>
        )}
        {may('hide') &&
        (!neighbour.protected || context.requester.role === 'supervisor') &&
        context.hiding !== 'held' ? (
          <a class={button} href={`/desk/neighbours/${id}/protection`}>
            {neighbour.protected ? t['hiding.showAgain'] : t['hiding.hide']}
          </a>
        ) : (
          ''
        )}
        {may('join') ? (
          <a class={button} href={`/desk/neighbours/${id}/join`}>
            {t['join.join']}
          </a>
        ) : (
          ''
        )}
        {may('undo') && neighbour.ownLast ? (
          <a class={button} href={`/desk/neighbours/${id}/undo`}>
            {t['undo.undo']}
          </a>
        ) : (
          ''
        )}
      </div>
    </section>
  )
}

/** That a departure is being decided, before anything else. */
function BeingDecided(props: { context: DeskContext; id: string; underWay: UnderWay }) {
  const { context, id, underWay } = props
  const { t, language } = context
  return (
    <section class="govuk-inset-text">
      <p>{t['desk.proceeding']}</p>
      <p>
        <a href={`/desk/neighbours/${id}/leave`}>
          {underWay.answerBy
            ? t['leaving.until'].replace('{day}', dayText(language, underWay.answerBy))
            : t['leaving.noNotice']}
        </a>
        {underWay.unread ? ` ${t['leaving.unread']}` : ''}
      </p>
    </section>
  )
}
