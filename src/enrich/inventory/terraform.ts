/** Resources of a Terraform state (version 4) of the provider azurerm, in the form of the REST API. */
import type { Fields, InventoryResource } from './fields.ts';
import { list, text } from './fields.ts';

export function isTerraformState(json: unknown): json is Fields {
  return typeof json === 'object' && json !== null && 'terraform_version' in json && 'resources' in json;
}

export function terraformResources(state: Fields): InventoryResource[] {
  const found: InventoryResource[] = [];
  for (const resource of list(state, 'resources')) {
    const type = text(resource, 'type');
    if (!Object.hasOwn(types, type)) continue;
    for (const instance of list(resource, 'instances')) {
      const attributes = (instance as Fields)['attributes'];
      if (typeof attributes !== 'object' || attributes === null) continue;
      const made = types[type](attributes as Fields);
      const { location, tags } = attributes as Fields;
      found.push({ ...made, body: { ...made.body, location, tags } });
    }
  }
  return found;
}

type Reading = (attributes: Fields) => InventoryResource;

const network = 'microsoft.network';
const reference = (id: string): Fields => ({ id });

function resource(type: string, of: Fields, properties: Fields): InventoryResource {
  return { type, id: text(of, 'id'), body: { name: text(of, 'name'), properties } };
}

const machine: Reading = (of) =>
  resource('microsoft.compute/virtualmachines', of, {
    networkProfile: { networkInterfaces: list(of, 'network_interface_ids').map((id) => reference(String(id))) },
  });

/** By the provider's names. */
const types: Readonly<Record<string, Reading>> = {
  azurerm_network_interface: (of) =>
    resource(`${network}/networkinterfaces`, of, {
      virtualMachine: reference(text(of, 'virtual_machine_id')),
      ipConfigurations: list(of, 'ip_configuration').map((one) => ({
        id: `${text(of, 'id')}/ipConfigurations/${text(one, 'name')}`,
        properties: {
          privateIPAddress: text(one, 'private_ip_address'),
          subnet: reference(text(one, 'subnet_id')),
          publicIPAddress: reference(text(one, 'public_ip_address_id')),
        },
      })),
    }),
  azurerm_linux_virtual_machine: machine,
  azurerm_windows_virtual_machine: machine,
  azurerm_virtual_machine: machine,
  azurerm_virtual_network: (of) =>
    resource(`${network}/virtualnetworks`, of, { addressSpace: { addressPrefixes: list(of, 'address_space') } }),
  azurerm_subnet: (of) =>
    resource(`${network}/virtualnetworks/subnets`, of, { addressPrefixes: list(of, 'address_prefixes') }),
  azurerm_public_ip: (of) => resource(`${network}/publicipaddresses`, of, { ipAddress: text(of, 'ip_address') }),
  azurerm_lb: (of) =>
    resource(`${network}/loadbalancers`, of, { frontendIPConfigurations: frontends(of, 'frontend_ip_configuration') }),
  azurerm_application_gateway: (of) =>
    resource(`${network}/applicationgateways`, of, {
      frontendIPConfigurations: frontends(of, 'frontend_ip_configuration'),
      gatewayIPConfigurations: list(of, 'gateway_ip_configuration').map((one) => ({
        properties: { subnet: reference(text(one, 'subnet_id')) },
      })),
    }),
  azurerm_private_endpoint: (of) =>
    resource(`${network}/privateendpoints`, of, {
      networkInterfaces: list(of, 'network_interface').map((one) => reference(text(one, 'id'))),
      customDnsConfigs: [
        { ipAddresses: list(of, 'private_service_connection').map((one) => text(one, 'private_ip_address')) },
      ],
      subnet: reference(text(of, 'subnet_id')),
    }),
  azurerm_local_network_gateway: (of) =>
    resource(`${network}/localnetworkgateways`, of, {
      localNetworkAddressSpace: { addressPrefixes: list(of, 'address_space') },
    }),
  azurerm_virtual_network_gateway: (of) =>
    resource(`${network}/virtualnetworkgateways`, of, {
      vpnClientConfiguration: {
        vpnClientAddressPool: {
          addressPrefixes: list(of, 'vpn_client_configuration').flatMap((one) => list(one, 'address_space')),
        },
      },
    }),
  azurerm_network_interface_security_group_association: (of) => ({
    type: `${network}/networkinterfaces`,
    id: text(of, 'network_interface_id'),
    body: { properties: { networkSecurityGroup: reference(text(of, 'network_security_group_id')) } },
  }),
  azurerm_subnet_network_security_group_association: (of) => ({
    type: `${network}/virtualnetworks/subnets`,
    id: text(of, 'subnet_id'),
    body: { properties: { networkSecurityGroup: reference(text(of, 'network_security_group_id')) } },
  }),
  azurerm_network_interface_application_security_group_association: (of) => ({
    type: `${network}/networkinterfaces`,
    id: text(of, 'network_interface_id'),
    body: { properties: { applicationSecurityGroups: [reference(text(of, 'application_security_group_id'))] } },
  }),
};

function frontends(of: Fields, name: string): Fields[] {
  return list(of, name).map((one) => ({
    properties: {
      privateIPAddress: text(one, 'private_ip_address'),
      publicIPAddress: reference(text(one, 'public_ip_address_id')),
      subnet: reference(text(one, 'subnet_id')),
    },
  }));
}
