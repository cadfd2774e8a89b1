#!/usr/bin/env bash
#
# The story of docs/start/local-network-watcher.md with a real az: a network, a storage account and a flow log are made, a capture is recorded, the blobs are
# downloaded, key1 is rotated. Against a service of its own, in a temporary folder; nothing leaves this machine.
#
#   scripts/az-story.sh            needs az, bash, and a build (npm run build)
#
# Debian 12's az 2.45 fails at every `az network` command before it asks anything (its library lacks that version); there the network is
# made with `az resource` and `az rest`.

set -Eeuo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "$0")/.." && pwd)
az=${AZ:-az}
command -v "${az%% *}" >/dev/null || { echo "az-story: az is not installed; skipped" >&2; exit 0; }
work=$(mktemp -d /tmp/nsgflow-az-story.XXXXXX)
service=
port=0
trap 'stop; rm -rf "$work"' EXIT
trap 'echo "az-story: failed at line $LINENO" >&2; cat "$work/service.log" >&2' ERR

say() { printf '\n== %s\n' "$*"; }
stop() { if [[ -n $service ]]; then kill -TERM "$service" 2>/dev/null || true; wait "$service" || true; service=; fi; }
nsgflow() { node "$root/dist/cli/nsgflow.cjs" "$@"; }
# The secret is in no log.
run() { printf '$ az %s\n' "${*//${NSGFLOW_SECRET:-$'\n'}/\$NSGFLOW_SECRET}"; $az "$@"; }

start() {
  node "$root/dist/cli/nsgflow.cjs" serve --data "$work/data" --listen "127.0.0.1:$port" "$@" 2>>"$work/service.log" &
  service=$!
  for _ in $(seq 100); do
    [[ -s $work/data/serve.json ]] && break
    sleep 0.2
  done
  eval "$(nsgflow serve --env --data "$work/data")"
  port=${NSGFLOW_ENDPOINT##*:} # az remembers where a cloud is
  run login --service-principal -u 00000000-0000-0000-0000-000000000001 -p "$NSGFLOW_SECRET" --tenant "$AZURE_TENANT_ID" -o none
}

say "a service, and a login to it"
start
run account show --query '{tenant:tenantId, subscription:id}' -o table
run provider show -n Microsoft.Insights --query registrationState -o tsv

say "a resource group, a network, a storage account"
run group create -n shop -l westeurope -o none
location=westeurope
subscription=$AZURE_SUBSCRIPTION_ID
networks="/subscriptions/$subscription/resourceGroups/shop/providers/Microsoft.Network"
if $az network nsg list -o none 2>/dev/null; then
  run network nsg create -g shop -n nsg-web -o none
  run network nsg rule create -g shop --nsg-name nsg-web -n AllowHttp --priority 100 --access Allow --protocol Tcp --destination-port-ranges 80 443 -o none
  run network vnet create -g shop -n vnet --address-prefixes 10.20.0.0/16 --subnet-name web --subnet-prefixes 10.20.1.0/24 --nsg nsg-web -o none
  run network nic create -g shop -n nic-web --vnet-name vnet --subnet web --private-ip-address 10.20.1.4 -o none
else
  echo "(this az has no network commands: through az resource)"
  put() { run resource create --id "$networks/$1" --api-version 2023-09-01 --location $location --properties "$2" -o none; }
  put networkSecurityGroups/nsg-web '{"securityRules":[{"name":"AllowHttp","properties":{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRanges":["80","443"]}}]}'
  put virtualNetworks/vnet "{\"addressSpace\":{\"addressPrefixes\":[\"10.20.0.0/16\"]},\"subnets\":[{\"name\":\"web\",\"properties\":{\"addressPrefix\":\"10.20.1.0/24\",\"networkSecurityGroup\":{\"id\":\"$networks/networkSecurityGroups/nsg-web\"}}}]}"
  put networkInterfaces/nic-web "{\"ipConfigurations\":[{\"name\":\"ipconfig1\",\"properties\":{\"privateIPAllocationMethod\":\"Static\",\"privateIPAddress\":\"10.20.1.4\",\"subnet\":{\"id\":\"$networks/virtualNetworks/vnet/subnets/web\"}}}]}"
fi
run storage account create -g shop -n stflowlogs --sku Standard_LRS --kind StorageV2 -o none

say "a flow log"
account="/subscriptions/$subscription/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/stflowlogs"
log="/subscriptions/$subscription/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_$location/flowLogs/web"
set_log() {
  run resource create --id "$log" --api-version 2023-09-01 --location $location --properties \
    "{\"targetResourceId\":\"$networks/networkSecurityGroups/nsg-web\",\"storageId\":\"$account\",\"enabled\":$1,\"format\":{\"type\":\"JSON\",\"version\":2}}" -o none
}
if $az network nsg list -o none 2>/dev/null; then
  run network watcher flow-log create -l $location -g shop -n web --nsg nsg-web --storage-account stflowlogs --log-version 2 --retention 7 -o none
  run network watcher flow-log show -l $location -n web -o table
else
  set_log true
  run resource show --id "$log" --api-version 2023-09-01 --query '{name:name, enabled:properties.enabled, version:properties.format.version}' -o table
fi

say "a capture goes through it"
stop
start --capture "$root/examples/traffic.pcap"
AZURE_STORAGE_CONNECTION_STRING=$($az storage account show-connection-string -g shop -n stflowlogs -o tsv)
export AZURE_STORAGE_CONNECTION_STRING
container=insights-logs-networksecuritygroupflowevent
for _ in $(seq 60); do
  blobs=$($az storage blob list -c $container --query '[].name' -o tsv 2>/dev/null || true)
  [[ $(wc -w <<<"$blobs") -ge 2 ]] && break
  sleep 1
done
run storage blob list -c $container --query '[].{blob:name, bytes:properties.contentLength}' -o table
run storage blob download -c $container -n "$(head -1 <<<"$blobs")" -f "$work/PT1H.json" -o none
node -e 'const { records } = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(records.length, "records; the first:", JSON.stringify(records[0]).slice(0, 200))' "$work/PT1H.json"

say "key1 rotated: the old key is refused, the flow log is stopped"
run storage account keys renew -g shop -n stflowlogs --key key1 -o none
if $az storage blob list -c $container -o none 2>/dev/null; then echo "az-story: the old key still works" >&2; exit 1; fi
AZURE_STORAGE_CONNECTION_STRING=$($az storage account show-connection-string -g shop -n stflowlogs -o tsv)
run storage blob list -c $container --query 'length(@)' -o tsv

say "done"
