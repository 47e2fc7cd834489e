import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  key: string
  cert: string
}

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem'

/** Self-signed, for one name. */
export const certificateFor = (host: string): Certificate =>
  inFolder((openssl) => {
    openssl(`req -x509 ${NEW_KEY} -days 2 -subj /CN=${host} -addext subjectAltName=DNS:${host} -out cert.pem`)
  })

/**
 * Issued by another certificate, for one name.
 *
 * @param days until the certificate expires; negative = it has expired
 */
export const issuedCertificate = (issuer: Certificate, host: string, days = 2): Certificate =>
  inFolder((openssl, write) => {
    write('issuer-key.pem', issuer.key)
    write('issuer.pem', issuer.cert)
    write('names', `subjectAltName=DNS:${host}`)
    openssl(`req -new ${NEW_KEY} -subj /CN=${host} -out request.pem`)
    openssl(
      `x509 -req -in request.pem -CA issuer.pem -CAkey issuer-key.pem -days ${days} -extfile names -out cert.pem`,
    )
  })

function inFolder(
  act: (openssl: (args: string) => void, write: (name: string, text: string) => void) => void,
): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-certificate-'))
  try {
    act(
      (args) => execFileSync('openssl', args.split(' '), { cwd: folder, stdio: 'pipe' }),
      (name, text) => writeFileSync(join(folder, name), text),
    )
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(folder, name), 'utf8'))
    return { key: key ?? '', cert: cert ?? '' }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
