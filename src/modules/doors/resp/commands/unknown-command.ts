const MAX_SHOWN = 128;

/** Redis's own text for a command that it does not know. */
export function unknownCommandError(args: readonly Buffer[]): string {
  let shown = '';
  for (const arg of args.slice(1)) {
    if (shown.length >= MAX_SHOWN) break;
    shown += `'${arg.toString('latin1').slice(0, MAX_SHOWN - shown.length)}' `;
  }
  const name = (args[0]?.toString('latin1') ?? '').slice(0, MAX_SHOWN);
  return `ERR unknown command '${name}', with args beginning with: ${shown}`;
}
