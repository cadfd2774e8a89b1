/**
 * The table of the API's errors: Azure's codes and their HTTP status. If Azure's code is unknown (`ours`), the code is
 * nsgflow's own, documented in docs/reference/control-plane.md, and stable. Source: facts 5.4; control-plane facts 1.5.
 */
import type { JsonObject } from '../arm-template/value.ts';

export const armErrorTable = {
  AccountNameInvalid: { status: 400 },
  AuthorizationFailed: { status: 403 },
  BadRequest: { status: 400 },
  ChildResourceLimit: { status: 400, ours: true },
  ContainerNotFound: { status: 404 },
  DeploymentFailed: { status: 400 },
  DeploymentScopeNotSupported: { status: 400, ours: true },
  DeploymentNotFound: { status: 404 },
  DeploymentOperationNotFound: { status: 404 },
  DuplicateResourceName: { status: 400 },
  FeatureNotSupportedForAccount: { status: 400 },
  FlowLogAnalyticsEnabled: { status: 400, ours: true },
  FlowLogCriteriaInvalid: { status: 400, ours: true },
  FlowLogRetentionInvalid: { status: 400, ours: true },
  FlowLogRetentionNotSupported: { status: 400, ours: true },
  FlowLogStorageKindNotSupported: { status: 400, ours: true },
  FlowLogStorageLocationMismatch: { status: 400, ours: true },
  FlowLogTargetInUse: { status: 409, ours: true },
  FlowLogTargetLocationMismatch: { status: 400, ours: true },
  FlowLogTargetNotSupported: { status: 400, ours: true },
  FlowLogVersionInvalid: { status: 400, ours: true },
  InUseApplicationSecurityGroupCannotBeDeleted: { status: 400 },
  InUseNetworkSecurityGroupCannotBeDeleted: { status: 400 },
  InUsePrefixCannotBeDeleted: { status: 400 },
  InUsePublicIPAddressCannotBeDeleted: { status: 400 },
  InUseSubnetCannotBeDeleted: { status: 400 },
  InternalServerError: { status: 500 },
  InvalidApiVersionParameter: { status: 400 },
  InvalidCIDRNotation: { status: 400 },
  IpConfigurationsInDifferentSubnets: { status: 400, ours: true },
  InvalidFilterInQueryString: { status: 400 },
  InvalidRequestContent: { status: 400 },
  InvalidResourceGroupLocation: { status: 409 },
  InvalidResourceLocation: { status: 409 },
  InvalidResourceName: { status: 400 },
  InvalidResourceNamespace: { status: 404 },
  InvalidResourceReference: { status: 400 },
  InvalidResourceType: { status: 404 },
  InvalidSkipToken: { status: 400, ours: true },
  InvalidSubscriptionId: { status: 400 },
  InvalidTAWorkspaceRegion: { status: 400 },
  InvalidTemplate: { status: 400 },
  InvalidTopInQueryString: { status: 400 },
  InvalidValuesForRequestParameters: { status: 400 },
  LocationNotAvailableForResourceType: { status: 400 },
  LocationRequired: { status: 400 },
  ManagementPolicyNotFound: { status: 404 },
  MethodNotAllowed: { status: 405 },
  MissingApiVersionParameter: { status: 400 },
  MissingSubscriptionRegistration: { status: 409 },
  NetcfgInvalidSubnet: { status: 400 },
  NetcfgSubnetRangesOverlap: { status: 400 },
  NetworkWatcherCountLimitReached: { status: 400 },
  NicInUse: { status: 400 },
  NoRegisteredProviderFound: { status: 400 },
  NotFound: { status: 404 },
  ParentResourceNotFound: { status: 404 },
  PreconditionFailed: { status: 412 },
  PrivateIPAddressInReservedRange: { status: 400 },
  PrivateIPAddressInUse: { status: 400 },
  PrivateIPAddressNotInSubnet: { status: 400 },
  PropertyChangeNotAllowed: { status: 409 },
  RequestContentTooLarge: { status: 413 },
  ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies: { status: 400 },
  ResourceGroupNotFound: { status: 404 },
  ResourceLimitReached: { status: 409, ours: true },
  ResourceNotFound: { status: 404 },
  SecurityRuleConflict: { status: 400 },
  SecurityRuleInvalidAddressPrefix: { status: 400 },
  SecurityRuleInvalidPortRange: { status: 400 },
  SecurityRuleInvalidPriority: { status: 400 },
  SecurityRuleParameterContainsInvalidPortRanges: { status: 400 },
  SecurityRuleParameterContainsUnsupportedValue: { status: 400 },
  SecurityRuleParametersMissing: { status: 400 },
  StorageAccountAlreadyTaken: { status: 409 },
  SubnetIsFull: { status: 400 },
  SubscriptionNotFound: { status: 404 },
} as const satisfies Record<string, { status: number; ours?: true }>;

export type ArmErrorCode = keyof typeof armErrorTable;

/** An error response. `message` is one or more sentences for users; `target` is the property or resource. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  readonly code: ArmErrorCode;
  readonly target: string | undefined;
  readonly details: readonly ArmError[];

  constructor(
    code: ArmErrorCode,
    message: string,
    more: { target?: string | undefined; details?: readonly ArmError[] } = {},
  ) {
    super(message);
    this.code = code;
    this.target = more.target;
    this.details = more.details ?? [];
  }

  /** HTTP status of the response. */
  get status(): number {
    return armErrorTable[this.code].status;
  }

  /** `{code, message, target?, details?}` */
  describe(): JsonObject {
    return {
      code: this.code,
      message: this.message,
      ...(this.target === undefined ? {} : { target: this.target }),
      ...(this.details.length === 0 ? {} : { details: this.details.map((detail) => detail.describe()) }),
    };
  }
}
