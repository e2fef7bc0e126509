/** A page or an answer without what is random in it and may spell anything: nonces, tokens of forms, keys, numbers of rows. */
export const withoutRandom = (text: string): string =>
  text
    .replaceAll(/(nonce|data-key|data-draft)="[^"]*"/g, '')
    .replaceAll(/name="(csrf|once|draft)" value="[^"]*"/g, '')
    .replaceAll(/\?v=[0-9a-f]{12}/g, '')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '')
