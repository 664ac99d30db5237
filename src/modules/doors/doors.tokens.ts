/** The injection token of a door, by its name in the configuration: `getDoorToken('resp')`. */
export function getDoorToken(name: string): symbol {
  return Symbol.for(`kvnest:Door:${name}`);
}
