import type { NameSource } from '../../enrich/names.ts';
import { ServiceLake } from '../service-lake.ts';
import type { ConsoleServer, ConsoleSettings } from './console-server.ts';
import { openConsole } from './console-server.ts';

export interface LakeConsoleSettings extends Omit<ConsoleSettings, 'lake' | 'tokens' | 'service' | 'hasService'> {
  /** The folder of the lake. */
  readonly folder: string;
  readonly names: NameSource;
}

/** The console over a lake, without a service. @throws not-found, lake-invalid, usage, permission, unavailable, io */
export async function openLakeConsole(settings: LakeConsoleSettings): Promise<ConsoleServer> {
  const lake = new ServiceLake({ folder: settings.folder, create: false, names: () => settings.names });
  try {
    // A folder without a lake is told at once, not at the first question.
    await lake.lake();
    const server = await openConsole({
      ...settings,
      lake,
      tokens: undefined,
      service: () => undefined,
      hasService: false,
    });
    return {
      ...server,
      async close() {
        await server.close();
        await lake.close();
      },
    };
  } catch (error) {
    await lake.close();
    throw error;
  }
}
