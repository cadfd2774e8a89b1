#!/usr/bin/env bash
#
# Records examples/traffic.pcap: real traffic of a small Azure-like network, made and captured on one
# Linux machine. Nothing leaves the machine: every host is a network namespace.
#
#   sudo examples/record-example.sh [OUTPUT]          default: traffic.pcap beside this script
#
#   DURATION_SECONDS=770     how long traffic is made; the long download lasts 65 s less
#   BEGIN=2026-11-20T09:54:00Z   the capture's first packet is moved into this second
#
# Needs root and these Debian packages (nothing is installed by this script):
#   bind9-dnsutils curl dnsmasq-base ethtool iproute2 netcat-openbsd nginx-light nmap openssh-client
#   openssh-server openssl postgresql python3 redis-server redis-tools tcpdump wireshark-common
#
# The network, as Azure builds it: every host has one cable to the fabric, and the fabric routes, also
# within a subnet, and answers ARP for everything with its own MAC 12:34:56:78:9a:bc.
#
#       VMs of the virtual network                          the internet
#       web-1 web-2 jump-1 ──┐                      ┌── client-1 client-2 office-1 scanner-1
#                            ├── namespace fabric ──┤
#            db-1 cache-1 ───┘                      └── dns-1 mirror-1 mail-1
#                                     └── azure: the platform's health probes, 168.63.129.16
#
# How a packet is seen exactly once: tcpdump runs on each of the fabric's ports and takes only what
# comes IN there, that is what the host behind it sent. One host sends a packet, so one port sees it,
# whether it goes to another subnet, the same subnet or the internet. The files are merged by time.
#
# Nothing filters: an NSG decides what a log says about a packet, and here servers answer (or refuse,
# or stay silent) whatever the rules say. Network offloads are off, so packets have the sizes and
# checksums that a wire would carry.
#
# What is left behind on exit, whatever happened: nothing but OUTPUT.

set -Eeuo pipefail
shopt -s inherit_errexit

output=$(realpath -m "${1:-$(dirname "$0")/traffic.pcap}")
duration_seconds=${DURATION_SECONDS:-770}
begin=${BEGIN:-2026-11-20T09:54:00Z}

prefix=nsgx-                       # of every namespace's name
snap_length_bytes=128
download_bytes_per_second=4096
download_seconds=$((duration_seconds - 65))

# name      MAC                IPv4            IPv6
hosts='
web-1       00:22:48:a1:01:04  10.20.1.4       fd00:20:0:1::4
web-2       00:22:48:a1:01:05  10.20.1.5       fd00:20:0:1::5
jump-1      00:22:48:a1:01:0a  10.20.1.10      fd00:20:0:1::a
db-1        00:22:48:a1:02:04  10.20.2.4       fd00:20:0:2::4
cache-1     00:22:48:a1:02:05  10.20.2.5       fd00:20:0:2::5
azure       02:00:5e:00:00:10  168.63.129.16   2001:db8:a:10::10
client-1    02:00:5e:00:00:11  203.0.113.10    2001:db8:c:10::10
client-2    02:00:5e:00:00:12  203.0.113.25    2001:db8:c:25::25
scanner-1   02:00:5e:00:00:13  203.0.113.66    2001:db8:bad:66::66
office-1    02:00:5e:00:00:14  192.0.2.14      2001:db8:0ff:14::14
dns-1       02:00:5e:00:00:15  198.51.100.53   2001:db8:5:53::53
mirror-1    02:00:5e:00:00:16  198.51.100.80   2001:db8:5:80::80
mail-1      02:00:5e:00:00:17  198.51.100.25   2001:db8:5:25::25
'

main() {
  check_tools
  work=$(mktemp -d /tmp/nsgx-example.XXXXXX)
  chmod 755 "$work"
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  trap 'say "stopped at line $LINENO"' ERR
  build_network
  start_servers
  start_capture
  make_traffic
  stop_capture
  write_output
}

check_tools() {
  local tool missing=()
  PATH=$PATH:/usr/sbin:/sbin
  for tool in curl dig dnsmasq editcap ethtool initdb_path ip mergecap nc nginx nmap openssl psql python3 \
    redis-cli redis-server setpriv sshd ssh ssh-keygen tcpdump; do
    if [[ $tool == initdb_path ]]; then
      postgres_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
      [[ -x $postgres_bin/initdb ]] || missing+=(postgresql)
    else
      command -v "$tool" >/dev/null || missing+=("$tool")
    fi
  done
  ((${#missing[@]} == 0)) || fail "missing: ${missing[*]}; the packages are listed at the top of $0"
  ((download_seconds > 0)) || fail "DURATION_SECONDS must be more than 65"
  ((EUID == 0)) || fail "network namespaces need root: run it with sudo"
  if ip netns list | grep -q "^$prefix"; then fail "namespaces $prefix* exist already: is another run under way?"; fi
}

fail() { echo "record-example: $*" >&2; exit 1; }
say() { echo "record-example: $(date +%T) $*" >&2; }
host_names() { awk 'NF { print $1 }' <<<"$hosts"; }
on() { local host=$1; shift; ip netns exec "$prefix$host" "$@"; }
quiet() { "$@" >/dev/null 2>&1 || true; }

clean_up() {
  local name pids
  trap - EXIT ERR
  trap '' INT TERM
  set +e
  pids=$(jobs -p); [[ -n $pids ]] && kill $pids 2>/dev/null
  for name in $(host_names) fabric; do
    pids=$(ip netns pids "$prefix$name" 2>/dev/null); [[ -n $pids ]] && kill $pids 2>/dev/null
  done
  sleep 1
  for name in $(host_names) fabric; do
    pids=$(ip netns pids "$prefix$name" 2>/dev/null); [[ -n $pids ]] && kill -9 $pids 2>/dev/null
    ip netns del "$prefix$name" 2>/dev/null
    rm -rf "/etc/netns/$prefix$name"
  done
  rmdir /etc/netns 2>/dev/null
  [[ -e $work/made-run-sshd ]] && rmdir /run/sshd
  rm -rf "$work"
}

# ---------------------------------------------------------------- network

build_network() {
  say "building the network"
  ip netns add "${prefix}fabric"
  on fabric sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
  on fabric ip link set lo up
  # Whoever has no cable here is silent: no "unreachable" comes back.
  on fabric ip route add blackhole default metric 4096
  on fabric ip -6 route add blackhole default metric 4096
  local name mac ipv4 ipv6
  while read -r name mac ipv4 ipv6; do
    connect_host "$name" "$mac" "$ipv4" "$ipv6"
  done < <(awk NF <<<"$hosts")
}

connect_host() {
  local name=$1 mac=$2 ipv4=$3 ipv6=$4 gateway=${3%.*}.1 resolver=198.51.100.53
  ip netns add "$prefix$name"
  ip link add "$name" netns "${prefix}fabric" address 12:34:56:78:9a:bc type veth \
    peer name eth0 netns "$prefix$name" address "$mac"
  quiet on fabric ethtool -K "$name" tx off rx off tso off gso off gro off
  quiet on "$name" ethtool -K eth0 tx off rx off tso off gso off gro off

  on fabric ip link set "$name" addrgenmode none up
  on fabric ip addr replace "$gateway/32" dev lo
  on fabric ip addr add fe80::1/64 dev "$name" nodad
  on fabric ip route add "$ipv4/32" dev "$name"
  on fabric ip -6 route add "$ipv6/128" dev "$name"
  on fabric sysctl -qw "net.ipv4.conf.$name.proxy_arp=1" "net.ipv4.neigh.$name.proxy_delay=0"

  on "$name" sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.accept_ra=0
  on "$name" ip link set lo up
  on "$name" ip link set eth0 up
  on "$name" ip addr add "$ipv4/24" dev eth0
  on "$name" ip addr add "$ipv6/128" dev eth0 nodad
  on "$name" ip route add default via "$gateway"
  on "$name" ip -6 route add default via fe80::1 dev eth0

  # ip netns exec puts this file in the place of /etc/resolv.conf.
  if [[ $name == web-2 ]]; then resolver=2001:db8:5:53::53; fi
  mkdir -p "/etc/netns/$prefix$name"
  printf 'nameserver %s\noptions timeout:2 attempts:1\n' "$resolver" >"/etc/netns/$prefix$name/resolv.conf"
}

# ---------------------------------------------------------------- servers

start_servers() {
  say "starting servers"
  local name
  make_site
  for name in web-1 web-2 mirror-1; do start_nginx "$name"; done
  make_keys
  for name in web-1 web-2 jump-1 db-1; do start_sshd "$name"; done
  start_postgres
  start_redis
  start_dnsmasq
  write_helpers
  in_background on dns-1 python3 "$work/ntp.py" serve
  in_background on mail-1 python3 "$work/smtp.py"
  sleep 3
  try web-1 curl -sf http://10.20.1.5:8080/health || fail "the web server does not answer"
  try office-1 ssh -F "$work/ssh/config" jump-1 true || fail "the SSH server does not let the key in"
  try web-2 env PGPASSWORD=s3cret psql -h 10.20.2.4 -U app shop -c 'select 1' || fail "the database does not answer"
}

try() { timeout 20 ip netns exec "$prefix$1" "${@:2}" >"$work/probe" 2>&1 </dev/null; }

in_background() { "$@" >>"$work/servers.log" 2>&1 </dev/null & }

make_site() {
  mkdir "$work/site"
  head -c 2400 /dev/urandom | base64 >"$work/site/index.html"
  head -c 700 /dev/urandom >"$work/site/style.css"
  head -c 9000 /dev/urandom >"$work/site/app.js"
  head -c 5000 /dev/urandom >"$work/site/logo.png"
  head -c 150000 /dev/urandom >"$work/site/catalogue.pdf"
  head -c 180000 /dev/urandom >"$work/site/package.deb"
  head -c $((download_bytes_per_second * download_seconds)) /dev/urandom >"$work/site/backup.tar"
  echo ok >"$work/site/health"
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=shop.example.org \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  chmod -R a+rX "$work/site"
}

start_nginx() {
  cat >"$work/nginx-$1.conf" <<CONF
user www-data;
worker_processes 1;
daemon off;
pid $work/nginx-$1.pid;
error_log $work/servers.log;
events {}
http {
  access_log off;
  keepalive_timeout 20s;
  client_body_temp_path $work/nginx-$1-body; proxy_temp_path $work/nginx-$1-proxy;
  fastcgi_temp_path $work/nginx-$1-fastcgi; uwsgi_temp_path $work/nginx-$1-uwsgi; scgi_temp_path $work/nginx-$1-scgi;
  server {
    listen 80; listen [::]:80;
    listen 443 ssl; listen [::]:443 ssl;
    listen 8080; listen [::]:8080;
    ssl_certificate $work/tls.crt; ssl_certificate_key $work/tls.key;
    root $work/site;
    location = /backup.tar { limit_rate $download_bytes_per_second; }
  }
}
CONF
  in_background on "$1" nginx -e "$work/servers.log" -c "$work/nginx-$1.conf"
}

make_keys() {
  local host address
  mkdir "$work/ssh"
  if [[ ! -d /run/sshd ]]; then mkdir /run/sshd; touch "$work/made-run-sshd"; fi  # sshd insists on it
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host_key"
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/admin_key"
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/stranger_key"
  cp "$work/ssh/admin_key.pub" "$work/ssh/authorized_keys"
  cat >"$work/ssh/sshd_config" <<CONF
HostKey $work/ssh/host_key
AuthorizedKeysFile $work/ssh/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
CONF
  cat >"$work/ssh/config" <<CONF
Host jump-1
  HostName 10.20.1.10
Host web-1
  HostName 10.20.1.4
  ProxyJump jump-1
Host db-1
  HostName 10.20.2.4
  ProxyJump jump-1
Host *
  User root
  IdentityFile $work/ssh/admin_key
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ConnectTimeout 5
CONF
}

start_sshd() { in_background on "$1" /usr/sbin/sshd -D -e -f "$work/ssh/sshd_config"; }

start_postgres() {
  local as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
  install -d -o postgres -g postgres -m 700 "$work/pg" "$work/pg-socket"
  (cd / && "${as_postgres[@]}" "$postgres_bin/initdb" --no-sync -D "$work/pg" -A trust >"$work/initdb.log")
  cat >"$work/pg/pg_hba.conf" <<CONF
local all all              trust
host  all app 10.20.0.0/16 scram-sha-256
host  all app fd00:20::/48 scram-sha-256
CONF
  in_background on db-1 "${as_postgres[@]}" "$postgres_bin/postgres" -D "$work/pg" -k "$work/pg-socket" \
    -c listen_addresses='*' -c fsync=off
  local try
  for try in {1..50}; do
    "$postgres_bin/pg_isready" -qh "$work/pg-socket" && break
    sleep 0.2
  done
  "${as_postgres[@]}" psql -qh "$work/pg-socket" postgres >"$work/psql.log" 2>&1 <<'SQL'
create role app login password 's3cret';
create database shop owner app;
\c shop app
create table orders (id serial primary key, item text, price numeric);
insert into orders (item, price) select 'item ' || n, n * 1.25 from generate_series(1, 400) n;
SQL
}

start_redis() {
  in_background on cache-1 redis-server --port 6379 --bind '*' '-::*' --protected-mode no --save '' --dir "$work"
}

start_dnsmasq() {
  local text="" part
  for part in {1..9}; do text+=",$(printf 'part-%d-%0230d' "$part" 0)"; done
  in_background on dns-1 dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root \
    --pid-file= --edns-packet-max=4096 --local=/example.net/ --local=/example.org/ \
    --host-record=shop.example.org,203.0.113.80,2001:db8:c:80::80 \
    --host-record=mirror.example.net,198.51.100.80,2001:db8:5:80::80 \
    --host-record=mail.example.net,198.51.100.25,2001:db8:5:25::25 \
    --mx-host=example.net,mail.example.net,10 \
    --txt-record="long.example.net$text"
}

write_helpers() {
  cat >"$work/ntp.py" <<'PYTHON'
"""NTP over UDP port 123 on both sides: `serve`, or `poll ADDRESS SECONDS` for ever."""
import socket, struct, sys, time

def stamp():
    now = time.time() + 2208988800
    return struct.pack("!II", int(now), int(now % 1 * 2**32))

with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ntp:
    ntp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    ntp.bind(("::", 123))
    if sys.argv[1] == "serve":
        while True:
            query, peer = ntp.recvfrom(512)
            head = struct.pack("!BBbbII4s", 0x24, 2, query[2], -20, 0, 0, b"GPS\0")
            ntp.sendto(head + stamp() + query[40:48] + stamp() + stamp(), peer)
    while True:
        ntp.sendto(struct.pack("!BBbb", 0x23, 0, 6, -20) + bytes(36) + stamp(), (sys.argv[2], 123))
        ntp.recvfrom(512)
        time.sleep(float(sys.argv[3]))
PYTHON
  cat >"$work/smtp.py" <<'PYTHON'
"""A mail server that accepts everything and keeps nothing."""
import socket, socketserver

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 mail.example.net ESMTP\r\n")
        in_message = False
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if in_message:
                if line != b".\r\n":
                    continue
                in_message, answer = False, b"250 queued"
            elif verb == b"DATA":
                in_message, answer = True, b"354 go ahead"
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                answer = b"250 mail.example.net"
            self.wfile.write(answer + b"\r\n")

class Server(socketserver.ThreadingTCPServer):
    address_family, allow_reuse_address, daemon_threads = socket.AF_INET6, True, True

Server(("::", 25), Session).serve_forever()
PYTHON
}

# ---------------------------------------------------------------- capture

start_capture() {
  local name
  capture_pids=()
  for name in $(host_names); do
    ip netns exec "${prefix}fabric" tcpdump -Z root -i "$name" -Q in -n -U -B 4096 -s "$snap_length_bytes" -w "$work/$name.pcap" \
      2>"$work/$name.tcpdump" &
    capture_pids+=($!)
  done
  sleep 1
  for name in $(host_names); do
    grep -q '^tcpdump: listening' "$work/$name.tcpdump" || fail "tcpdump: $(cat "$work/$name.tcpdump")"
  done
}

stop_capture() {
  sleep 2  # for the last answers
  kill -TERM "${capture_pids[@]}"
  wait "${capture_pids[@]}" || true
  if grep -h 'dropped by kernel' "$work"/*.tcpdump | grep -qv '^0 '; then fail "tcpdump lost packets"; fi
}

write_output() {
  local name first shift_seconds files=()
  for name in $(host_names); do files+=("$work/$name.pcap"); done
  mergecap -F pcap -s "$snap_length_bytes" -w "$work/merged.pcap" "${files[@]}"
  first=$(tcpdump -ttnr "$work/merged.pcap" -c 1 2>/dev/null | cut -d. -f1)
  shift_seconds=$(($(date -d "$begin" +%s) - first))
  editcap -F pcap -t "$shift_seconds" "$work/merged.pcap" "$work/shifted.pcap"
  cp "$work/shifted.pcap" "$output.part" && mv "$output.part" "$output"
  say "wrote $output, $(stat -c %s "$output") bytes"
}

# ---------------------------------------------------------------- traffic

make_traffic() {
  say "making traffic for $duration_seconds s"
  RANDOM=20
  SECONDS=0
  local name traffic_pids=()
  for name in long_download health_probes visitor_ipv4 visitor_ipv6 shop_on_web_1 shop_on_web_2 report_session \
    idle_session web_peers operator_session administration name_lookups clock_and_syslog package_updates \
    rule_breakers port_scans intruder oddities; do
    "$name" >>"$work/traffic.log" 2>&1 </dev/null &
    traffic_pids+=($!)
  done
  wait "${traffic_pids[@]}" || true
}

# The times below are those of a run of 770 s; a shorter trial shrinks them.
scaled() { echo $(($1 * duration_seconds / 770)); }
at() { local due; due=$(scaled "$1"); while ((SECONDS < due)); do sleep 0.3; done; }
more() { ((SECONDS < duration_seconds - 8)); }
pause() { sleep "$(($1 + RANDOM % ($2 - $1))).$((RANDOM % 10))"; }
get() { quiet on "$1" curl -sk --max-time 20 "${@:2}"; }

# One TCP connection of more than 11 minutes at 4 KiB/s, across the full hour.
long_download() { at 8; quiet on client-1 curl -s -o /dev/null http://10.20.1.4/backup.tar; }

# Azure's load balancer asks each web server for its health every 15 s.
health_probes() {
  while more; do
    get azure -o /dev/null http://10.20.1.4:8080/health
    get azure -o /dev/null http://10.20.1.5:8080/health
    sleep 15
  done
}

visitor_ipv4() {
  local web
  while more; do
    web=10.20.1.$((4 + RANDOM % 2))
    get client-1 -Z --parallel-max 2 "http://$web/" "http://$web/style.css" "http://$web/app.js" "http://$web/logo.png"
    if ((RANDOM % 4 == 0)); then get client-2 "https://$web/" "https://$web/app.js"; fi
    if ((RANDOM % 9 == 0)); then get client-2 "http://$web/no-such-page"; fi
    if ((RANDOM % 25 == 0)); then get client-2 "http://$web/catalogue.pdf" -o /dev/null; fi
    pause 8 13
  done
}

visitor_ipv6() {
  local web
  while more; do
    web="[fd00:20:0:1::$((4 + RANDOM % 2))]"
    get client-2 "http://$web/" "http://$web/style.css" "http://$web/logo.png"
    if ((RANDOM % 3 == 0)); then get client-1 "https://$web/"; fi
    pause 8 16
  done
}

query() { # HOST DATABASE-ADDRESS SQL
  quiet on "$1" env PGPASSWORD=s3cret PGCONNECT_TIMEOUT=3 psql -qAt -h "$2" -U app shop -c "$3"
}

cache() { quiet timeout 4 ip netns exec "$prefix$1" redis-cli -h "$2" "${@:3}"; }

shop_on_web_1() {
  local n=0
  while more; do
    cache web-1 10.20.2.5 incr visits
    query web-1 10.20.2.4 "select item, price from orders where id = $((n++ % 400 + 1))"
    pause 6 11
  done
}

shop_on_web_2() {
  while more; do
    query web-2 fd00:20:0:2::4 "insert into orders (item, price) values ('book', 12.5) returning id"
    cache web-2 fd00:20:0:2::5 setex cart 600 book
    if ((RANDOM % 6 == 0)); then query web-2 10.20.2.4 'select * from orders limit 150'; fi
    pause 8 15
  done
}

# A connection that lives as long as the capture and asks every 20 s.
report_session() {
  at 3
  printf 'select count(*), sum(price) from orders \\watch 20\n' |
    quiet on web-2 env PGPASSWORD=s3cret timeout -s INT $((duration_seconds - 12)) psql -qAt -h 10.20.2.4 -U app shop
}

# A pooled connection that is silent for longer than Azure's idle timeout of 4 minutes, and is then used again.
idle_session() {
  at 15
  (echo 'select 1;'; sleep "$(scaled 275)"; echo 'select now();'; sleep 2; echo 'select 2;'; sleep "$(scaled 300)"; echo 'select 3;') |
    quiet on web-1 env PGPASSWORD=s3cret timeout -s INT $((duration_seconds - 30)) psql -qAt -h 10.20.2.4 -U app shop
}

# Within the subnet: web-1 and web-2 fetch from each other.
web_peers() {
  while more; do
    get web-1 http://10.20.1.5/app.js
    get web-2 'http://[fd00:20:0:1::4]/style.css'
    sleep 40
  done
}

# An operator at the office types on the jump host, over IPv6, all the time.
operator_session() {
  at 5
  (while more; do echo 'uptime'; pause 6 12; done; echo exit) |
    quiet on office-1 ssh -tt -F "$work/ssh/config" -o HostName=fd00:20:0:1::a jump-1
}

administration() {
  local ssh=(ssh -F "$work/ssh/config")
  at 20; quiet on office-1 "${ssh[@]}" jump-1 'ls -la /etc'
  at 60; quiet on office-1 "${ssh[@]}" web-1 'ps ax | head -40'
  at 130; quiet on office-1 "${ssh[@]}" db-1 'df; uptime'
  at 200; quiet on office-1 scp -F "$work/ssh/config" "$work/site/app.js" jump-1:/dev/null
  at 330; quiet on office-1 "${ssh[@]}" db-1 'uptime'
  at 420; quiet on office-1 "${ssh[@]}" -o HostName=fd00:20:0:1::a jump-1 'ls -la /usr'
  at 460; knock jump-1 10.20.2.5 22  # allowed, but nothing listens there
  at 500; quiet on office-1 "${ssh[@]}" -i "$work/ssh/stranger_key" jump-1 true  # the wrong key first
  at 600; quiet on office-1 "${ssh[@]}" web-1 'uptime'
}

name_lookups() {
  while more; do
    quiet on web-1 dig +tries=1 @198.51.100.53 mirror.example.net A
    quiet on web-2 dig +tries=1 @2001:db8:5:53::53 mail.example.net AAAA
    if ((RANDOM % 2)); then quiet on jump-1 dig +tries=1 @198.51.100.53 shop.example.org A; fi
    if ((RANDOM % 2)); then quiet on db-1 dig +tries=1 @198.51.100.53 example.net MX; fi
    if ((RANDOM % 3 == 0)); then quiet on db-1 dig +tries=1 @2001:db8:5:53::53 mirror.example.net AAAA; fi
    if ((RANDOM % 3 == 0)); then quiet on web-1 dig +tries=1 @198.51.100.53 "host-$RANDOM.example.net"; fi
    # Between two hosts of the internet: crosses no NIC of the network.
    if ((RANDOM % 2)); then quiet on client-1 dig +tries=1 @198.51.100.53 shop.example.org A; fi
    pause 12 20
  done
}

# Two long UDP flows: NTP, answered every 64 s, and syslog to a collector that never answers.
clock_and_syslog() {
  local n
  (quiet timeout $((duration_seconds - 10)) ip netns exec "${prefix}web-1" python3 "$work/ntp.py" poll ::ffff:198.51.100.53 64) &
  (quiet timeout $((duration_seconds - 10)) ip netns exec "${prefix}db-1" python3 "$work/ntp.py" poll 2001:db8:5:53::53 64) &
  for n in 1 2; do
    on "web-$n" bash -c 'exec 3>/dev/udp/198.51.100.90/514
      for ((i = 0; i < '$(((duration_seconds - 20) / 18))'; i++)); do
        echo "<134>1 - web-'$n' shop 1 - - $i orders served" >&3; sleep 18; done' &
  done
  wait
}

package_updates() {
  at 45; get web-1 -4 -o /dev/null http://mirror.example.net/package.deb
  at 150; get web-2 -6 -o /dev/null http://mirror.example.net/package.deb
  at 260; get jump-1 -4 -o /dev/null https://mirror.example.net/app.js
  at 300; get db-1 -4 -o /dev/null http://mirror.example.net/package.deb
  at 395; get cache-1 -4 -o /dev/null http://mirror.example.net/style.css
  at 480; get web-1 -4 -o /dev/null https://mirror.example.net/package.deb
  at 640; get db-1 -6 -o /dev/null http://mirror.example.net/style.css
}

mail() { # HOST ADDRESS
  printf 'From: app@example.org\nSubject: hello\n\nIs this thing on?\n' >"$work/message"
  quiet on "$1" curl -s --max-time 5 "smtp://$2" --mail-from app@example.org --mail-rcpt you@example.net -T "$work/message"
}

knock() { quiet on "$1" nc -n -z -w 3 "$2" "$3"; } # HOST ADDRESS PORT: connect and close

# Traffic that the example's rules deny, though here it gets through.
rule_breakers() {
  while more; do
    mail web-1 198.51.100.25
    knock web-1 10.20.2.4 22                  # web to database, not the database's port
    knock web-2 10.20.2.4 6379                # the cache's port, at the wrong server
    knock web-2 fd00:20:0:2::4 3306
    cache jump-1 10.20.2.5 ping               # the right port, from the wrong host
    knock jump-1 10.20.2.4 5432
    knock web-1 10.20.1.10 22                 # the jump host, from a web server
    knock client-2 10.20.1.4 3389
    knock client-2 10.20.1.10 22
    knock client-1 fd00:20:0:1::4 23
    knock jump-1 198.51.100.80 80
    mail web-2 '[2001:db8:5:25::25]'
    pause 50 70
  done
}

port_scans() {
  local scan=(nmap -sS -Pn -n -e eth0 --max-retries 1 --host-timeout 120s)
  at 100; quiet on scanner-1 "${scan[@]}" --scan-delay 20ms --top-ports 400 10.20.1.4
  at 210; quiet on scanner-1 "${scan[@]}" --scan-delay 40ms --top-ports 150 10.20.2.4
  at 310; quiet on scanner-1 "${scan[@]}" -6 --scan-delay 40ms --top-ports 100 fd00:20:0:1::5
  at 350; quiet on scanner-1 nmap -sU -Pn -n -e eth0 --max-retries 1 --host-timeout 60s -p 53,123,161,1900,5060 10.20.1.4
  at 450; quiet on web-2 "${scan[@]}" --scan-delay 40ms --top-ports 60 10.20.2.5
  at 560; quiet on scanner-1 "${scan[@]}" --scan-delay 1s -p 21,22,23,25,80,110,135,139,143,443,445,1433,3306,3389,5432,5900,6379,8080,9200,27017 10.20.1.10
}

# The scanner's owner tries keys that no host knows, and old favourites.
intruder() {
  local login address
  at 120
  for login in root admin oracle postgres ubuntu test pi git; do
    more || return 0
    for address in 10.20.1.10 10.20.1.4; do
      quiet on scanner-1 ssh -F /dev/null -i "$work/ssh/stranger_key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=5 "$login@$address" true
    done
    knock scanner-1 10.20.1.4 23
    knock scanner-1 10.20.1.5 445
    knock scanner-1 10.20.1.5 3389
    knock scanner-1 fd00:20:0:1::a 22
    cache scanner-1 10.20.2.5 info
    pause 40 55
  done
}

oddities() {
  # SYNs to a VM that is switched off, and out to a host that is not there: no answer, retransmissions.
  at 30; quiet timeout 8 ip netns exec "${prefix}client-1" nc -nz 10.20.1.6 80
  at 70; quiet timeout 16 ip netns exec "${prefix}web-1" nc -nz 198.51.100.200 8443
  at 95; quiet timeout 4 ip netns exec "${prefix}client-2" nc -nz fd00:20:0:1::6 443
  # Visitors who hang up in the middle of a transfer: the kernel answers what still comes with RST.
  at 110; quiet on client-2 curl -s --max-time 3 -o /dev/null http://10.20.1.5/backup.tar
  at 115; quiet on client-2 curl -6 -s --max-time 2 -o /dev/null 'http://[fd00:20:0:1::5]/backup.tar'
  # SYNs from an address to which no route leads back: the server's SYN-ACKs are lost, the connections stay half open.
  at 160
  on scanner-1 ip addr add 203.0.113.200/32 dev eth0
  quiet on scanner-1 nmap -sS -Pn -n --send-ip -e eth0 -S 203.0.113.200 --max-retries 0 --host-timeout 5s -p 80,443 10.20.1.4
  # Large DNS answers: in fragments over UDP, and over TCP.
  at 180
  quiet on web-1 dig +tries=1 +bufsize=4096 @198.51.100.53 long.example.net TXT
  quiet on web-2 dig +tries=1 +bufsize=4096 @2001:db8:5:53::53 long.example.net TXT
  quiet on web-1 dig +tries=1 +tcp @198.51.100.53 long.example.net TXT
  # A wrong password, and a database over the internet.
  at 240; quiet on web-1 env PGPASSWORD=wrong psql -h 10.20.2.4 -U app shop -c 'select 1'
  at 245; quiet on client-2 env PGPASSWORD=s3cret psql -h 10.20.2.4 -U app shop -c 'select 1'
  at 345; query web-1 10.20.2.4 'select 1'  # while the hour is about to turn
  at 470; quiet timeout 10 ip netns exec "${prefix}client-1" nc -nz 10.20.1.6 443
  at 520; quiet on client-2 curl -s --max-time 3 -o /dev/null http://10.20.1.4/backup.tar
  at 700; quiet timeout 20 ip netns exec "${prefix}cache-1" nc -nz 198.51.100.200 443
}

main; exit
