/**
 * `serviceTags` of a region: the tags of the ServiceTags file, or without a file the tags that are the same everywhere.
 */
import type { Json } from '../../arm-template/value.ts';
import { scalarText } from '../../arm-template/value.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { platformServiceTags } from '../../nsg/service-tag.ts';
import type { View } from '../resources/resource-type.ts';
import { objectOf, objectsOf, textOf } from '../resources/resource.ts';

export function listServiceTags(view: View, subscription: string, location: string): Json {
  const file = view.settings.serviceTags;
  const given = file === undefined ? {} : objectOf(file.json);
  const values = file === undefined ? platformValues() : objectsOf(given['values']);
  return {
    name: 'Public',
    id: `/subscriptions/${subscription}/providers/Microsoft.Network/serviceTags/Public`,
    type: 'Microsoft.Network/serviceTags',
    changeNumber: scalarText(given['changeNumber']) || '0',
    cloud: textOf(given['cloud']) || 'Public',
    location,
    values,
  };
}

function platformValues(): Json[] {
  return [...platformServiceTags().values()].map(({ name, prefixes }) => ({
    name,
    id: name,
    properties: { changeNumber: '0', region: '', systemService: '', addressPrefixes: prefixes.map(formatPrefix) },
  }));
}
