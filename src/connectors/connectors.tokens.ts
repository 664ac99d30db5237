/** Injection token of the connector of one remote tier, by the tier's name. */
export function getConnectorToken(tier: string): string {
  return `kvnest:Connector:${tier}`;
}
