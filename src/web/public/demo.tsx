import type { Disclosed } from '../../firewall/disclosed.ts'
import type { Client } from '../../firewall/requester.ts'
import { Reply } from '../../http/reply.ts'
import { route } from '../../http/route.ts'
import type { App } from '../../identity/app.ts'
import { NotFound } from '../../platform/problem.ts'
import { disclose } from '../../proofs/disclose.ts'
import type { ProofDeps } from '../../proofs/issue.ts'
import { nameIn, readerOf } from '../reader.ts'
import { dayText } from '../record/texts.ts'
import { Button, PublicForm } from '../ui/form.tsx'
import { LOCALES, type Texts } from '../ui/language.ts'
import { Page } from '../ui/layout.tsx'
import { Done } from '../ui/parts.tsx'

/** What a demonstration has ready for whoever looks at it: an invented neighbour with a card and a proof, and two who ask. */
export interface Demo {
  visitor: Disclosed<Visitor>
  asking: { library: Client; agency: Client }
}

export interface Visitor {
  code: string
  word: string
  proof: string
}

/** What there is to try, one click each. */
export function TryIt({ t, visitor }: { t: Texts; visitor: Visitor }) {
  return (
    <section class="govuk-inset-text">
      <h2>{t['practice.title']}</h2>
      <p>{t['practice.invented']}</p>
      <p>
        <a class="govuk-button" href="/sign-in/start?to=%2Fdesk&as=clerk">
          {t['practice.clerk']}
        </a>
      </p>
      <PublicForm action="/me/in">
        <input type="hidden" name="code" value={visitor.code} />
        <input type="hidden" name="word" value={visitor.word} />
        <Button>{t['practice.resident']}</Button>
      </PublicForm>
      <p>
        <a class="govuk-button" href="/demo/library">
          {t['practice.service']}
        </a>
      </p>
      <p>
        <a class="govuk-button govuk-button--secondary" href="/demo/agency">
          {t['practice.agency']}
        </a>
      </p>
    </section>
  )
}

/** The same question about the same proof, as a library and as immigration enforcement: asked of the gate like any other. */
export function demoPages(app: App, deps: ProofDeps, demo: () => Demo | undefined): void {
  for (const who of ['library', 'agency'] as const)
    route(app, { kind: 'public', method: 'get', path: `/demo/${who}` }, async (request) => {
      const shown = demo()
      if (shown === undefined) throw new NotFound()
      const { town, language } = readerOf(request)
      const t = LOCALES[language]
      const name = nameIn(town, language)
      const answer = await shown.visitor.chain(({ proof }) => {
        const fields: ('resident' | 'residentSince')[] = ['resident', 'residentSince']
        const question = { subject: { proof }, purpose: 'service-eligibility', fields }
        return disclose(deps, { town, by: shown.asking[who] }, question)
      })
      return Reply.page(answer, ({ residentSince }) => (
        <Page title={t['practice.service']} language={language} town={name}>
          <h1>{t['practice.service']}</h1>
          <Done>{t['practice.answer'].replace('{day}', dayText(language, residentSince))}</Done>
          <p>
            <a href="/demo/agency">{t['practice.agency']}</a>
          </p>
        </Page>
      ))
    })
}
