import type { Environment } from '@marcbachmann/cel-js';
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';

export class Ip {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get family(): 'ipv4' | 'ipv6' {
    return isIPv4(this.text) ? 'ipv4' : 'ipv6';
  }

  static parse(text: string): Ip {
    if (isIP(text) === 0)
      throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
    return new Ip(new SocketAddress({ address: text, family: isIPv4(text) ? 'ipv4' : 'ipv6', port: 0 }).address);
  }

  within(network: string, bits: number, family: 'ipv4' | 'ipv6'): boolean {
    const list = new BlockList();
    list.addSubnet(network, bits, family);
    return family === this.family && list.check(this.text, family);
  }
}

export class Cidr {
  readonly ip: Ip;
  readonly bits: number;

  constructor(ip: Ip, bits: number) {
    this.ip = ip;
    this.bits = bits;
  }

  static parse(text: string): Cidr {
    const [address = '', bits = ''] = text.split('/');
    const longest = isIPv4(address) ? 32 : 128;
    if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > longest) {
      throw new Error(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
    }
    return new Cidr(Ip.parse(address), Number(bits));
  }

  contains(ip: Ip): boolean {
    return ip.within(this.ip.text, this.bits, this.ip.family);
  }
}

const parses = (parse: (text: string) => unknown, text: string): boolean => {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
};

const web = (text: string): URL => {
  if (!URL.canParse(text) && !text.startsWith('/'))
    throw new Error(`URL parse error during conversion from string: ${JSON.stringify(text)}`);
  return new URL(text, 'none:');
};

export function registerNet(env: Environment): void {
  env
    .registerType('net.IP', Ip)
    .registerFunction('isIP(string): bool', (text: string) => isIP(text) !== 0)
    .registerFunction('ip(string): net.IP', (text: string) => Ip.parse(text))
    .registerFunction('string(net.IP): string', (ip: Ip) => ip.text)
    .registerFunction('net.IP.family(): int', (ip: Ip) => (ip.family === 'ipv4' ? 4n : 6n))
    .registerFunction('net.IP.isLoopback(): bool', (ip: Ip) => ip.within('127.0.0.0', 8, 'ipv4') || ip.text === '::1')
    .registerFunction('net.IP.isUnspecified(): bool', (ip: Ip) => ip.text === '0.0.0.0' || ip.text === '::')
    .registerType('net.CIDR', Cidr)
    .registerFunction('isCIDR(string): bool', (text: string) => parses((value) => Cidr.parse(value), text))
    .registerFunction('cidr(string): net.CIDR', (text: string) => Cidr.parse(text))
    .registerFunction('net.CIDR.ip(): net.IP', (cidr: Cidr) => cidr.ip)
    .registerFunction('net.CIDR.prefixLength(): int', (cidr: Cidr) => BigInt(cidr.bits))
    .registerFunction('net.CIDR.containsIP(string): bool', (cidr: Cidr, ip: string) => cidr.contains(Ip.parse(ip)))
    .registerFunction('net.CIDR.containsIP(net.IP): bool', (cidr: Cidr, ip: Ip) => cidr.contains(ip))
    .registerFunction('net.CIDR.containsCIDR(string): bool', (cidr: Cidr, text: string) => {
      const inner = Cidr.parse(text);
      return inner.bits >= cidr.bits && cidr.contains(inner.ip);
    })
    .registerType('kubernetes.URL', URL)
    .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text) || text.startsWith('/'))
    .registerFunction('url(string): kubernetes.URL', web)
    .registerFunction('kubernetes.URL.getScheme(): string', (url: URL) =>
      url.protocol === 'none:' ? '' : url.protocol.slice(0, -1),
    )
    .registerFunction('kubernetes.URL.getHost(): string', (url: URL) => url.host)
    .registerFunction('kubernetes.URL.getHostname(): string', (url: URL) => url.hostname.replace(/^\[(.*)\]$/, '$1'))
    .registerFunction('kubernetes.URL.getPort(): string', (url: URL) => url.port)
    .registerFunction('kubernetes.URL.getEscapedPath(): string', (url: URL) => url.pathname);
}
