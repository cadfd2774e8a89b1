/**
 * Link types: the format of the first bytes of a captured packet. The number is in a pcap file header and in a pcapng
 * interface description block. Source: www.tcpdump.org/linktypes.html; the values 12 and 14 are DLT_RAW on BSD systems.
 */
export interface LinkType {
  readonly value: number;
  /** LINKTYPE_ name without the prefix, in upper case. */
  readonly name: string;
  /** Whether `wire` decodes its packets; others are refused as `link-type`. */
  readonly supported: boolean;
}

export const linkTypeNull = 0;
export const linkTypeEthernet = 1;
export const linkTypeSlip = 8;
export const linkTypePpp = 9;
export const linkTypeFddi = 10;
export const linkTypeRawBsd = 12;
export const linkTypeRawOpenBsd = 14;
export const linkTypePppHdlc = 50;
export const linkTypePppEther = 51;
export const linkTypeRaw = 101;
export const linkTypeCiscoHdlc = 104;
export const linkTypeIeee80211 = 105;
export const linkTypeFrameRelay = 107;
export const linkTypeLoop = 108;
export const linkTypeLinuxSll = 113;
export const linkTypePrism = 119;
export const linkTypeRadiotap = 127;
export const linkTypeAvs = 163;
export const linkTypePpi = 192;
export const linkTypeIpv4 = 228;
export const linkTypeIpv6 = 229;
export const linkTypeNflog = 239;
export const linkTypePktap = 258;
export const linkTypeLinuxSll2 = 276;

/** Known link types, by number. Others are not supported and have no name. */
export const linkTypes: readonly LinkType[] = [
  { value: linkTypeNull, name: 'NULL', supported: true },
  { value: linkTypeEthernet, name: 'ETHERNET', supported: true },
  { value: 6, name: 'IEEE802_5', supported: false },
  { value: linkTypeSlip, name: 'SLIP', supported: true },
  { value: linkTypePpp, name: 'PPP', supported: true },
  { value: linkTypeFddi, name: 'FDDI', supported: true },
  { value: linkTypeRawBsd, name: 'RAW (12)', supported: true },
  { value: linkTypeRawOpenBsd, name: 'RAW (14)', supported: true },
  { value: linkTypePppHdlc, name: 'PPP_HDLC', supported: true },
  { value: linkTypePppEther, name: 'PPP_ETHER', supported: true },
  { value: linkTypeRaw, name: 'RAW', supported: true },
  { value: linkTypeCiscoHdlc, name: 'C_HDLC', supported: true },
  { value: linkTypeIeee80211, name: 'IEEE802_11', supported: true },
  { value: linkTypeFrameRelay, name: 'FRELAY', supported: true },
  { value: linkTypeLoop, name: 'LOOP', supported: true },
  { value: linkTypeLinuxSll, name: 'LINUX_SLL', supported: true },
  { value: linkTypePrism, name: 'IEEE802_11_PRISM', supported: true },
  { value: linkTypeRadiotap, name: 'IEEE802_11_RADIOTAP', supported: true },
  { value: 143, name: 'DOCSIS', supported: false },
  { value: linkTypeAvs, name: 'IEEE802_11_AVS', supported: true },
  { value: 189, name: 'USB_LINUX', supported: false },
  { value: linkTypePpi, name: 'PPI', supported: true },
  { value: 195, name: 'IEEE802_15_4_WITHFCS', supported: false },
  { value: 197, name: 'ERF', supported: false },
  { value: 201, name: 'BLUETOOTH_HCI_H4_WITH_PHDR', supported: false },
  { value: 220, name: 'USB_LINUX_MMAPPED', supported: false },
  { value: 227, name: 'CAN_SOCKETCAN', supported: false },
  { value: linkTypeIpv4, name: 'IPV4', supported: true },
  { value: linkTypeIpv6, name: 'IPV6', supported: true },
  { value: linkTypeNflog, name: 'NFLOG', supported: true },
  { value: 249, name: 'USBPCAP', supported: false },
  { value: 253, name: 'NETLINK', supported: false },
  { value: linkTypePktap, name: 'PKTAP', supported: true },
  { value: linkTypeLinuxSll2, name: 'LINUX_SLL2', supported: true },
];

/** `ETHERNET (1)`, or `link type 147` if the name is unknown. */
export function formatLinkType(value: number): string {
  const found = linkTypes.find((type) => type.value === value);
  return found === undefined ? `link type ${value}` : `${found.name} (${value})`;
}
