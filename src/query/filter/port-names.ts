/** Names of ports that a filter understands. Source: IANA service name registry; `rdp`, `winrm` and the like as people say them. */
const portNumbers: ReadonlyMap<string, number> = new Map([
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['dns', 53],
  ['domain', 53],
  ['dhcp-server', 67],
  ['dhcp-client', 68],
  ['tftp', 69],
  ['http', 80],
  ['kerberos', 88],
  ['pop3', 110],
  ['ntp', 123],
  ['epmap', 135],
  ['netbios-ns', 137],
  ['netbios-ssn', 139],
  ['imap', 143],
  ['snmp', 161],
  ['bgp', 179],
  ['ldap', 389],
  ['https', 443],
  ['smb', 445],
  ['syslog', 514],
  ['submission', 587],
  ['ldaps', 636],
  ['imaps', 993],
  ['pop3s', 995],
  ['mssql', 1433],
  ['oracle', 1521],
  ['kms', 1688],
  ['mqtt', 1883],
  ['nfs', 2049],
  ['mysql', 3306],
  ['rdp', 3389],
  ['postgres', 5432],
  ['postgresql', 5432],
  ['amqp', 5672],
  ['winrm', 5985],
  ['winrms', 5986],
  ['redis', 6379],
  ['http-alt', 8080],
  ['https-alt', 8443],
  ['mongodb', 27017],
]);

/** Reads a port: a number 0 to 65535 or a name. `undefined` when it is neither. */
export function parsePort(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) {
    const number = Number(text);
    return number <= 65_535 ? number : undefined;
  }
  return portNumbers.get(text.toLowerCase());
}

export function portNames(): Iterable<string> {
  return portNumbers.keys();
}
