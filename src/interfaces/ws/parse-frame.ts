import secureJsonParse from 'secure-json-parse';

/** What a text frame says; null for what is no JSON object. */
export function parseFrame(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = secureJsonParse.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
