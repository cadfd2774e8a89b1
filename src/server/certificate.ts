/**
 * Certificates that the service creates for itself, in a folder:
 *
 *     ca.pem           the CA that clients trust; ten years
 *     ca-key.pem       its key
 *     server.pem       the service's certificate, signed by the CA, followed by ca.pem; 397 days
 *     server-key.pem   its key
 *
 * There are two certificates because Go and Python refuse a leaf certificate that is its own CA.
 * Source: control-plane facts 1.1.
 */
import 'reflect-metadata';
import { X509Certificate, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as SigningCertificate,
} from '@peculiar/x509';
import { FlowError } from '../base/errors.ts';
import { dayMillis } from '../base/time.ts';
import { privateMode, publicMode, writeWhole } from './private-file.ts';

/** Certificate and key of an HTTPS listener, in PEM. */
export interface ServerCertificate {
  /** The certificate and its issuers. */
  readonly certificate: string;
  readonly key: string;
  /** The file that clients must trust; `undefined` for the user's own certificate. */
  readonly caPath: string | undefined;
  /** Epoch milliseconds. */
  readonly expiresMillis: number;
}

const caDays = 3650;
/** The longest validity that common clients accept. Source: CA/Browser Forum, Baseline Requirements 6.3.2. */
const serverDays = 397;
/** A certificate is renewed this long before its end; a CA with less is replaced together with its certificates. */
const renewDays = 30;
const caRenewDays = serverDays + renewDays;
/** Clocks of clients can be behind. */
const backdateMillis = 3_600_000;

const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * The service's certificate for these host names and addresses, from `folder`. It is created if missing, and renewed if
 * it expires soon or lacks a name.
 * @throws io, permission, disk-full
 */
export async function serverCertificate(
  folder: string,
  names: readonly string[],
  nowMillis: number,
): Promise<ServerCertificate> {
  const caPath = join(folder, 'ca.pem');
  const paths = { ca: caPath, caKey: join(folder, 'ca-key.pem'), server: join(folder, 'server.pem') };
  const keyPath = join(folder, 'server-key.pem');
  const kept = await readPair(paths.ca, paths.caKey);
  const ca = kept !== undefined && lasts(kept.certificate, caRenewDays, nowMillis) ? kept : undefined;
  if (ca !== undefined) {
    const server = await readPair(paths.server, keyPath);
    if (server !== undefined && isFit(server.certificate, ca.certificate, names, nowMillis))
      return describe(server.certificate, server.key, caPath);
  }
  const authority = ca ?? (await makeAuthority(nowMillis));
  if (ca === undefined) {
    await writeWhole(paths.caKey, authority.key, privateMode);
    await writeWhole(paths.ca, authority.certificate, publicMode);
  }
  const server = await makeServer(authority, names, nowMillis);
  await writeWhole(keyPath, server.key, privateMode);
  await writeWhole(paths.server, server.certificate, publicMode);
  return describe(server.certificate, server.key, caPath);
}

/**
 * The user's own certificate.
 * @throws usage if the files are not a certificate and its key; not-found, permission
 */
export async function ownCertificate(certificatePath: string, keyPath: string): Promise<ServerCertificate> {
  const pair = await readPair(certificatePath, keyPath);
  if (pair === undefined)
    throw new FlowError(
      'usage',
      `${certificatePath} and ${keyPath} are not a certificate and its key in PEM, or cannot be read`,
    );
  return describe(pair.certificate, pair.key, undefined);
}

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** `undefined` if a file is missing or the two do not match: they are then created again. */
async function readPair(certificatePath: string, keyPath: string): Promise<Pair | undefined> {
  try {
    const [certificate, key] = await Promise.all([readFile(certificatePath, 'utf8'), readFile(keyPath, 'utf8')]);
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

function describe(certificate: string, key: string, caPath: string | undefined): ServerCertificate {
  return { certificate, key, caPath, expiresMillis: Date.parse(new X509Certificate(certificate).validTo) };
}

function lasts(pem: string, days: number, nowMillis: number): boolean {
  const { validFrom, validTo } = new X509Certificate(pem);
  return Date.parse(validFrom) <= nowMillis && Date.parse(validTo) - nowMillis > days * dayMillis;
}

function isFit(server: string, ca: string, names: readonly string[], nowMillis: number): boolean {
  const certificate = new X509Certificate(server);
  return (
    lasts(server, renewDays, nowMillis) &&
    certificate.verify(new X509Certificate(ca).publicKey) &&
    names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
  );
}

async function makeAuthority(nowMillis: number): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=nsgflow local CA ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(nowMillis - backdateMillis),
    notAfter: new Date(nowMillis + caDays * dayMillis),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyPem(keys.privateKey) };
}

async function makeServer(authority: Pair, names: readonly string[], nowMillis: number): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify']);
  const ca = new SigningCertificate(authority.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decode(authority.key)[0], signing, false, [
    'sign',
  ]);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=nsgflow',
    issuer: ca.subject,
    notBefore: new Date(nowMillis - backdateMillis),
    notAfter: new Date(nowMillis + serverDays * dayMillis),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(ca),
    ],
  });
  return {
    certificate: `${certificate.toString('pem')}\n${authority.certificate}`,
    key: await keyPem(keys.privateKey),
  };
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

/** 127 random bits, so that the number is positive as required. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] &= 0x7f;
  return bytes.toString('hex');
}
