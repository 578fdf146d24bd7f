const GRAM_MAX = 3;

/** Every run of 1 to 3 code points of a key, once: what an index must hold so that each part of the key can be found by it. */
export function gramsOf(key: string): string[] {
  const points = [...key];
  const grams = new Set<string>();
  for (let length = 1; length <= GRAM_MAX; length += 1) {
    for (let start = 0; start + length <= points.length; start += 1) {
      grams.add(points.slice(start, start + length).join(''));
    }
  }
  return [...grams];
}

/** The longest grams of a part. Every key that has the part has all of these; one that has all of these may lack the part. */
export function gramsOfPart(part: string): string[] {
  const points = [...part];
  const length = Math.min(GRAM_MAX, points.length);
  const starts = Array.from({ length: points.length - length + 1 }, (_, i) => i);
  return [...new Set(starts.map((start) => points.slice(start, start + length).join('')))];
}
