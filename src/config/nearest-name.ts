import { closestMatch } from 'leven';

/** The known name that a mistyped one most likely means, or undefined when none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const maxDistance = Math.max(1, Math.min(4, Math.ceil(name.length / 3)));
  return closestMatch(name, [...known], { maxDistance });
}

/** `; did you mean x?`, or the list of known names when it is short, or nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known];
  const nearest = nearestName(name, names);
  if (nearest !== undefined) return `; did you mean ${nearest}?`;
  return names.length > 0 && names.length <= 12 ? `; known are ${names.join(', ')}` : '';
}
